"""Lists what wapiti found, each kind once for a page and a parameter.

Fails where a finding of high severity has no reason in the document, whose lines
begin with "| `kind` |".
"""

import json
import sys

HIGH = 3  # wapiti's levels go from 1 to 4


def findings(reports):
    """The findings as (kind, level, path, parameter)."""
    for report in reports:
        with open(report, encoding="utf-8") as f:
            found = json.load(f)
        for group in ("vulnerabilities", "anomalies"):
            for kind, items in found[group].items():
                for i in items:
                    yield kind, i["level"], i["path"].split("?")[0], i["parameter"] or ""


def main(document, *reports):
    with open(document, encoding="utf-8") as f:
        reasons = {line.split("`")[1] for line in f if line.startswith("| `")}
    bare = False
    for kind, level, path, parameter in sorted(set(findings(reports))):
        reason = "reason given" if kind in reasons else "no reason given"
        bare |= level >= HIGH and kind not in reasons
        print(f"{kind} (level {level}): {path} {parameter}: {reason}")
    print(f"{len(reports)} reports")
    if bare:
        sys.exit("a finding of high severity has no reason in " + document)


main(*sys.argv[1:])
