package importer

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/tabular"
	"heli/pkg/word"
)

// urgencyWords and modeWords are what people write for an urgency and a mode.
var (
	urgencyWords = map[contract.Urgency]string{
		contract.Critical: "危急 特急 紧急 非常紧急 十分紧急 立即 立刻 生命危险 emergency immediate immediately highest",
		contract.Urgent:   "加急 急 急需 24小时内 一天内 当天 今天 high asap",
		contract.Soon:     "较急 尽快 三天内 72小时内 近期 medium",
		contract.Routine:  "一般 普通 正常 常规 不急 一周内 normal low",
		contract.Planned:  "预约 计划 按计划 约定 scheduled",
	}
	modeWords = map[contract.Mode]string{
		contract.ModeRemote:   "线上 远程 在线 网络 电话 视频 online phone video",
		contract.ModeOnsite:   "现场 上门 线下 当面 到场 onsite in-person offline",
		contract.ModeDelivery: "配送 送货 快递 邮寄 送达 物流 运送 delivery shipping mail",
		contract.ModeAny:      "不限 均可 都可以 任意 皆可 either both",
	}
)

// named returns the value that a text names, by its code or by a word for it in
// simplified or traditional characters.
func named[T ~string](values []T, words map[T]string, text string) (T, bool) {
	text = strings.Trim(word.Fold(text), " 。.!！")
	if text == "" {
		return "", false
	}
	for _, value := range values {
		if text == string(value) || slices.Contains(strings.Fields(words[value]), text) {
			return value, true
		}
	}
	return "", false
}

// circumstances reads how soon, where and for whom.
func (r reader) circumstances(row tabular.Row, l *line) error {
	var ok bool
	stated := row.Get("urgency")
	if l.urgency, ok = named(contract.Urgencies(), urgencyWords, stated); !ok {
		if stated != "" {
			return refuse("urgency", check.Unknown, stated, "urgency %q is unknown", shorten(stated, shownValue))
		}
		l.urgency = contract.Routine
	}
	if text := row.Get("needed_by"); text != "" {
		at, err := time.ParseInLocation(time.DateOnly, day(dateOf(text)), r.zone)
		if err != nil {
			return refuse("needed_by", "date", text, "needed_by %q is no date", shorten(text, shownValue))
		}
		at = at.AddDate(0, 0, 1).Add(-time.Minute) // the day counts to its end
		l.neededBy = &at
	}
	if text := row.Get("point"); text != "" {
		if l.point, ok = pointOf(text); !ok {
			return refuse("point", check.Malformed, text, "point %q is no latitude and longitude", shorten(text, shownValue))
		}
	}
	l.contact = contactOf(row)
	return nil
}

// dateOf leaves the clock time out.
func dateOf(text string) string {
	text, _, _ = strings.Cut(text, "T")
	text, _, _ = strings.Cut(text, " ")
	return text
}

// pointOf reads latitude and longitude in degrees, WGS-84, as forms write them:
// with a comma or a space between, and perhaps height and accuracy behind.
func pointOf(text string) (*contract.Point, bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,，;[]()", r) })
	if len(parts) < 2 {
		return nil, false
	}
	lat, err := strconv.ParseFloat(parts[0], 64)
	if err != nil || lat < -90 || lat > 90 {
		return nil, false
	}
	lon, err := strconv.ParseFloat(parts[1], 64)
	if err != nil || lon < -180 || lon > 180 {
		return nil, false
	}
	return &contract.Point{Lat: lat, Lon: lon}, true
}

// contactOf is how to reach the person of a row; nothing when it names no way. The
// organisation stands in for a name that was left out.
func contactOf(row tabular.Row) contract.Contact {
	c := contract.Contact{
		Name: row.Get("contact_name"), Phone: row.Get("contact_phone"), Email: row.Get("contact_email"), Wechat: row.Get("contact_wechat"),
	}
	if c.Phone == "" && c.Email == "" && c.Wechat == "" {
		return contract.Contact{}
	}
	if c.Name == "" {
		c.Name = row.Get("organisation")
	}
	return c
}
