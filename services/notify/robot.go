package notify

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"heli/pkg/check"
	"heli/pkg/contract"
)

const (
	// Codes of wrong robots: keys below "invalid." in the catalogues.
	codeNotAllowed  = "not_allowed"
	codeSpan        = "window"
	codeRobot       = "robot_address"
	codeRobotSecret = "robot_secret" //nolint:gosec // the name of a mistake

	maxRobotSecret = 200
	shownKey       = 4 // characters of an address that holds a key
)

// vendor is what is peculiar to a kind of robot.
type vendor struct {
	hosts []string // where such robots live
	// signs is whether messages can be signed; a robot whose owner chose another
	// protection needs none.
	signs bool
	// pace is the least gap between two messages: a little under what the vendor
	// takes in a minute.
	pace time.Duration
	// pause is how long the robot is left alone once it says that it is too much.
	pause  time.Duration
	answer func(status int, answer []byte) string
}

// vendors are the robots: WeCom takes 20 messages a minute, DingTalk as many and
// then none for ten minutes, Feishu 100, Slack one a second.
var vendors = map[contract.EndpointKind]vendor{
	contract.KindWeCom: {
		hosts: []string{"qyapi.weixin.qq.com"}, pace: 3200 * time.Millisecond, pause: time.Minute, answer: weComAnswer,
	},
	contract.KindDingTalk: {
		hosts: []string{"oapi.dingtalk.com"}, signs: true, pace: 3200 * time.Millisecond, pause: 10 * time.Minute, answer: dingTalkAnswer,
	},
	contract.KindFeishu: {
		hosts: []string{"open.feishu.cn", "open.larksuite.com"}, signs: true, pace: 700 * time.Millisecond, pause: time.Minute, answer: feishuAnswer,
	},
	contract.KindSlack: {
		hosts: []string{"hooks.slack.com", "hooks.slack-gov.com"}, pace: 1100 * time.Millisecond, pause: 30 * time.Second, answer: slackAnswer,
	},
}

// robotKey is what reaches a robot, as it is sealed.
type robotKey struct {
	URL    string `json:"url"`
	Secret string `json:"secret,omitempty"`
}

// checkRobot reports an address where no robot of the kind lives, unless the
// operator opened it, and a secret that cannot be one.
func checkRobot(c *check.Checker, kind contract.EndpointKind, key robotKey, opened bool) {
	v := vendors[kind]
	u, err := url.Parse(key.URL)
	if err != nil {
		return // said already
	}
	if !opened && (!slices.Contains(v.hosts, strings.ToLower(u.Host)) || len(u.RequestURI()) < 2*shownKey) {
		c.Add("url", codeRobot, "host", v.hosts[0])
	}
	switch {
	case key.Secret == "":
	case !v.signs:
		c.Add("secret", codeNotAllowed)
	case len(key.Secret) > maxRobotSecret, strings.ContainsFunc(key.Secret, notInKey),
		kind == contract.KindDingTalk && !strings.HasPrefix(key.Secret, "SEC"):
		c.Add("secret", codeRobotSecret)
	}
}

func notInKey(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsGraphic(r) || unicode.IsSpace(r) || strings.ContainsRune(`/:?&"'<>`, r)
}

// shownURL returns what may be shown of an address that holds a key.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + "/…" + address[max(len(address)-shownKey, 0):]
}

// hidden returns the parts of an address, signed or not, and of a secret that no
// log may show.
func (k robotKey) hidden() []string {
	parts := []string{k.URL}
	if k.Secret != "" {
		parts = append(parts, k.Secret)
	}
	u, err := url.Parse(k.URL)
	if err != nil {
		return parts
	}
	for _, values := range u.Query() {
		for _, value := range values {
			parts = append(parts, value, url.QueryEscape(value))
		}
	}
	parts = append(parts, u.RequestURI(), u.Path[strings.LastIndexByte(u.Path, '/')+1:])
	return slices.DeleteFunc(parts, func(part string) bool { return len(part) <= shownKey })
}

// numberedAnswer is what WeCom and DingTalk answer, always under status 200.
type numberedAnswer struct {
	Code *int `json:"errcode"`
}

// weComAnswer returns why an answer of WeCom is a failure, or nothing.
// https://developer.work.weixin.qq.com/document/path/90313
func weComAnswer(_ int, answer []byte) string {
	code := numberOf(answer)
	switch {
	case code == nil:
		return reasonAnswer
	case *code == 0:
		return ""
	case *code == 45009, *code == 45033:
		return reasonSlowDown
	case *code == 93000, *code == 93008: // no such address; the robot left the group
		return reasonRobotGone
	default:
		return reasonRobotRefused
	}
}

// dingTalkAnswer returns why an answer of DingTalk is a failure, or nothing.
// https://open.dingtalk.com/document/robots/custom-robot-access
func dingTalkAnswer(_ int, answer []byte) string {
	code := numberOf(answer)
	switch {
	case code == nil:
		return reasonAnswer
	case *code == 0:
		return ""
	case *code == 130101, *code == 410100, *code == 302033:
		return reasonSlowDown
	case *code == 310000: // keyword, signature or address
		return reasonRobotGuarded
	case slices.Contains([]int{300001, 300005, 400013, 400101, 400102, 400106}, *code):
		return reasonRobotGone
	default:
		return reasonRobotRefused
	}
}

func numberOf(answer []byte) *int {
	var a numberedAnswer
	if json.Unmarshal(answer, &a) != nil {
		return nil
	}
	return a.Code
}

// feishuAnswer returns why an answer of Feishu is a failure, or nothing. Old
// addresses answer with StatusCode, new ones with code, failures under 400 too.
// https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
func feishuAnswer(_ int, answer []byte) string {
	var a struct {
		Code       *int   `json:"code"`
		StatusCode *int   `json:"StatusCode"`
		Message    string `json:"msg"`
	}
	if json.Unmarshal(answer, &a) != nil || a.Code == nil && a.StatusCode == nil {
		return reasonAnswer
	}
	code := a.Code
	if code == nil {
		code = a.StatusCode
	}
	switch {
	case *code == 0:
		return ""
	case *code == 11232, *code == 11233, *code == 9499 && strings.Contains(a.Message, "too many"):
		return reasonSlowDown
	case *code == 19021, *code == 19022, *code == 19024: // signature, address, keyword
		return reasonRobotGuarded
	case *code == 19001 && strings.Contains(a.Message, "token invalid"), *code == 19002:
		return reasonRobotGone
	default:
		return reasonRobotRefused
	}
}

// slackAnswer returns why an answer of Slack is a failure, or nothing.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func slackAnswer(status int, answer []byte) string {
	text := strings.TrimSpace(string(answer))
	switch {
	case status == 200 && text == "ok":
		return ""
	case status == 429, text == "rate_limited":
		return reasonSlowDown
	case slices.Contains([]string{"no_service", "no_service_id", "no_team", "no_active_hooks", "invalid_token", "channel_not_found", "channel_is_archived"}, text):
		return reasonRobotGone
	case slices.Contains([]string{"action_prohibited", "posting_to_general_channel_denied", "team_disabled"}, text):
		return reasonRobotGuarded
	case slackWord.MatchString(text):
		return reasonRobotRefused
	default:
		return reasonAnswer
	}
}

// slackWord is what Slack answers instead of a sentence, such as invalid_payload.
var slackWord = regexp.MustCompile(`^[a-z_]{3,60}$`)

// robotReason returns why an attempt to reach a robot failed, or nothing. What
// the robot says goes before the status, which says less; an answer that is no
// robot's is a failure under any status.
func robotReason(kind contract.EndpointKind, status int, answer []byte) string {
	said := vendors[kind].answer(status, answer)
	if byStatus := reasonOf(status); byStatus != "" && (said == "" || said == reasonAnswer) {
		return byStatus
	}
	return said
}
