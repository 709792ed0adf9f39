package word

import (
	"strings"
	"sync"
)

// stopWords carry no meaning of their own.
var stopWords = sync.OnceValue(func() map[string]bool {
	return setOf(`a an the this that these those some any all each every no not
	and or but if then than so as at by for from in into of off on onto out over
	to up with within without about after before during between through under
	i im ive me my we us our you your u ur he him his she her it its they them
	their who whom which what when where why how there here be is am are was
	were been being do does did done have has had having will would shall should
	can could may might must just also too very more most much many other another
	such only own same now still yet via per etc pls plz s t re ll ve d m`)
})

// weakStems are the stems of words that belong to every plea or every offer, so
// that sharing them says little about what is asked or given.
var weakStems = sync.OnceValue(func() map[string]bool {
	words := setOf(`need needed needs require required requirement request requesting
	urgent urgently emergency help helping assist assistance please kindly support
	want wanted looking seek seeking provide providing offer offering available
	availability give giving donate donating donation send sending sent get contact
	call email message share retweet spread info update people person persons victim
	victims survivor survivors affected area areas place places relief disaster
	earthquake quake flood floods hurricane cyclone typhoon storm tsunami fire
	pandemic epidemic covid today tomorrow tonight day days week time team teams
	free anyone someone everyone let know come go make take use new
	thank thanks god pray prayer prayers stay safe road city village district
	near number no many lot lots still reach`)
	stems := make(map[string]bool, len(words))
	for w := range words {
		stems[stem(w)] = true
	}
	return stems
})

// hanStops are characters of grammar and politeness. A pair that holds one is
// no word.
var hanStops = sync.OnceValue(func() map[string]bool {
	return setOf(strings.Join(strings.Split(
		"的了是在我们你您他她它这那有和与及或就都也还把被给对从向到为以而且但要需请很太又再吗呢吧啊个些能会可想让将", ""), " "))
})

// weakHanPairs are to Chinese what weakStems are to English.
var weakHanPairs = sync.OnceValue(func() map[string]bool {
	return setOf(`急需 求助 帮助 提供 联系 电话 支援 支持 捐赠 希望 紧急 免费 目前 现在
	疫情 新冠 肺炎 防控 地震 洪水 台风 灾区 灾民 群众 大家 谢谢 感谢 可以 需求 数量 地址
	服务 公司 有限 限公 全国 附近 时间 情况 问题 左右 缺少 缺乏 短缺 若干 各类`)
})

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
