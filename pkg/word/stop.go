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
	such only own same now still yet via per etc pls plz s t re ll ve d m
	n nd w r wid frm thru coz bcoz cuz dont cant wont isnt arent didnt doesnt hasnt
	im ive theyre youre weve hes shes lets gonna wanna ya yes ok oh hi hey hello
	dear sir madam mr mrs ms ppl im`)
})

// weakStems are the stems of words that belong to every plea or every offer, so
// that sharing them says little about what is asked or given.
var weakStems = sync.OnceValue(func() map[string]bool {
	return stemsOf(`need needed needs require required requirement request requesting
	urgent urgently emergency help helping assist assistance please kindly support
	want wanted looking seek seeking provide providing offer offering available
	availability give giving donate donating donation send sending sent get contact
	call email message share retweet spread info update people person persons victim
	victims survivor survivors affected area areas place places relief disaster
	earthquake quake flood floods hurricane cyclone typhoon storm tsunami fire
	pandemic epidemic covid today tomorrow tonight day days week time team teams
	free anyone someone everyone let know come go make take use new
	thank thanks god pray prayer prayers stay safe road city village district
	near number no many lot lots still reach
	asap sos dm pm whatsapp ph mob tel details link click follow tweet post rply reply
	verified verify confirm confirmed breaking news says said report reported
	arrive arrived arriving ready carry bring bringing brought leave leaving dispatch
	dispatched distribute distributing distributed distribution deliver delivered
	delivering collect collecting collected collection supply supplied supplying
	announce announces announced launch launched set setup run running hand handing
	govt government minister official officials ngo org organisation organization
	short shortage lack lacking deficit scarce scarcity dearth deficiency
	local remote hit worst devastated destroyed damaged house houses home homes
	landslide tornado wildfire rain rains hour hours morning evening night weekend
	family families villager villagers community communities resident residents
	more additional extra immediate immediately critical desperate desperately
	badly severe severely huge big small good great best well back away`)
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

// lookalikes are common words that a speller would take for a misspelt word of
// the lexicon.
var lookalikes = sync.OnceValue(func() map[string]bool {
	return stemsOf(`animate apparelled bandana beacon better bicker bitter blanker bondage bowler branch
	breadth breast bugger bullion butler cancel canker canvased career caster casually
	chapter chaster chatter chipper choppier chronicle clamber clarity cleaver clutch
	clutter coffer colder common commotion commuter concert confine consent consolation
	consul consular content convection convene convert convey copier corpus courser crackle
	crater crotch crouch crunch currant curter decrease defeat defect denial deport despot
	deterrent display diverge diverse divert drivel driven duress electoral errant evaluate
	excrete factor falter faster fester filler firmer fitter flighty folder fonder foreman
	foremen former formulate gallop gallows gander goodnight granite gravely graven graver
	grovel grower hamper hanger hardest hearth hopeless hostile hunter inflection insular
	insult irritate jumpier kernel lander leader lighten lightning likelihood limber lither
	litter loafer looser louder macaronies macaronis mallet mandate margin marina martin
	mediate meditate menial miller monkey murmur outrage overate oversight painter paltry
	pastry patent patience patron pauper perter physic planter platter plumper pointer
	policy postal poster potter powder preface product profane profile programer promise
	proviso purity ranger rectal regent repaid retort revenge rooter runaway scandal scuttle
	sensor shifty showier similar skeptic skewer skipper sleepy slippery slower snuffer
	solder steeple stiffer stocky strange string struck subside sweeter talker tanner thirty
	thrash threat tinker trainer traitor trawler treaty tribal tripod trowel uninformed
	upload waiter wander wedder welter whimper whisker wilder wingers winner wretch`)
})

func stemsOf(words string) map[string]bool {
	stems := map[string]bool{}
	for _, w := range strings.Fields(words) {
		stems[stem(w)] = true
	}
	return stems
}

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
