package importer

import (
	"slices"
	"strconv"
	"strings"

	"heli/pkg/contract"
)

// unitAliases are what people write for a unit. A word that says only how
// something is packed (箱, 包) is not there: nobody knows how much it holds.
var unitAliases = map[contract.Unit]string{
	"session": "次 场 场次 人次 咨询 节 课时 sessions",
	"person":  "人 名 位 个人 志愿者 people persons",
	"hour":    "小时 时 钟头 工时 h hours",
	"piece":   "件 个 只 台 套 副 双 支 把 条 块 片 枚 顶 辆 身 架 部 根 卷 pcs pieces",
	"box":     "盒 boxes",
	"bottle":  "瓶 瓶装 bottles",
	"kg":      "公斤 千克 kgs",
	"portion": "份 餐 份餐 portions",
	"room":    "间 房 间房 客房 套房 rooms",
	"bed":     "床 床位 张床 铺 beds",
	"trip":    "单 趟 车 车次 车辆 程 trips",
	"m2":      "平方米 平米 平方 ㎡ m² 平",
	"fen":     "分 分钱",
	"other":   "箱 包 袋 桶 批 吨 升 项 箱装 其他",
}

// yuan are amounts of money that are not in fen yet.
const yuan = "元 块钱 人民币 rmb cny yuan"

const fenPerYuan = 100

// parseUnit returns the unit of a word and how many of it the word's one is.
func parseUnit(word string) (unit contract.Unit, times int64, ok bool) {
	word = strings.ToLower(strings.TrimSpace(word))
	if slices.Contains(contract.Units(), contract.Unit(word)) {
		return contract.Unit(word), 1, true
	}
	if slices.Contains(strings.Fields(yuan), word) {
		return "fen", fenPerYuan, true
	}
	for _, unit := range contract.Units() {
		if slices.Contains(strings.Fields(unitAliases[unit]), word) {
			return unit, 1, true
		}
	}
	return "", 0, false
}

// parseQuantity reads an amount. Nothing and 1 are "not stated": in the lists
// that people keep, 1 stands where nobody counted.
func parseQuantity(text string, times int64) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.ReplaceAll(text, ",", ""), ".0"), 10, 64)
	if err != nil || n < 1 || n > maxQuantity/times {
		return nil, refuse("quantity", "quantity", text, "quantity %q is no whole number above 0", shorten(text, shownValue))
	}
	if n == 1 {
		return nil, nil
	}
	n *= times
	return &n, nil
}

const maxQuantity = 1_000_000_000_000

// shorten cuts a text to a number of characters.
func shorten(text string, characters int) string {
	runes := []rune(text)
	if len(runes) <= characters {
		return text
	}
	return string(runes[:characters-1]) + "…"
}
