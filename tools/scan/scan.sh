#!/bin/sh
# Looks for weaknesses of the pages at a URL with wapiti (apt install wapiti), as a
# stranger and, with a sign-in link, as who signs in by it. It fills in and sends
# forms: point it at a demo. Ends within ten minutes. Writes a file for each module
# into OUT, lists the findings, and fails where there is one of high severity that
# SECURITY.md gives no reason for.
#
#   scan.sh URL [LOGIN-LINK] [OUT]
set -eu
url=${1%/} login=${2:-} out=${3:-bin/scan}
# Left out: modules that attack others' servers or need lists from abroad (ssrf,
# xxe, nikto, wapp), guess passwords (brute_login_form) or paths (buster), or look for
# programs that are not here (shellshock, htaccess).
modules="csp cookieflags http_headers csrf crlf redirect methods backup sql exec file xss permanentxss"
command -v wapiti >/dev/null || { echo "wapiti is missing: apt install wapiti" >&2; exit 1; }
mkdir -p "$out"
rm -f "$out"/scan-*.json
last=$(($(date +%s) + 580)) # nothing is begun or goes on after it

# scan NAME START [options]: each module on what can be reached from START. Signing
# out, or ending sessions, would end the scan. A module that takes longer than its
# time is said to.
scan() {
	name=$1 start=$2
	shift 2
	crawl 30 "$@" || { echo "wapiti did not end well, see $out/$name.log" >&2; exit 1; }
	for module in $modules; do
		attack "$@" || echo "$name: $module did not end in its time"
	done
}

crawl() {
	limit=$1
	shift
	run 45 -m "" --max-links-per-page 60 --max-files-per-dir 20 --depth 4 --max-scan-time "$limit" -o "$out/scan-$name-crawl.json" --flush-session "$@"
}

attack() {
	left=$((last - $(date +%s)))
	[ "$left" -gt 5 ] || return 1
	run $((left < 40 ? left : 40)) -m "$module" --skip-crawl --max-attack-time 25 -o "$out/scan-$name-$module.json" "$@"
}

run() {
	limit=$1
	shift
	timeout "$limit" /usr/bin/python3 "$(dirname "$0")/wapiti.py" -u "$url$start" --scope folder -t 5 -v 0 --no-bugreport --store-session "$out/.$name" \
		--max-parameters 60 -x "$url/console/logout" -x "$url/console/account/sessions/end" -x "$url/console/account/role" -x "$url/console/live" \
		-f json "$@" >>"$out/$name.log" 2>&1
}

# First: trying the page to sign in on slows down who comes from the same address.
if [ -n "$login" ]; then
	cookie=$(curl -sS -o /dev/null -D - -H "Origin: $url" --data-urlencode "token=${login#*#}" "$url/console/login" |
		sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\).*/\1/p' | paste -sd ';' | sed 's/;/; /g')
	[ -n "$cookie" ] || { echo "the sign-in link is used up" >&2; exit 1; }
	scan staff /console -s "$url/console/offers" -s "$url/console/matches" -s "$url/console/requests/new" -H "Cookie: $cookie"
fi
scan stranger / -s "$url/request" -s "$url/offer" -s "$url/track" -s "$url/answer" -s "$url/board" -s "$url/honours"
python3 "$(dirname "$0")/findings.py" "$(dirname "$0")/../../SECURITY.md" "$out"/scan-*.json
