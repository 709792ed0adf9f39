package demo

import "heli/pkg/contract"

// Names of invented people, put behind 示例· so that nobody takes them for real.
var (
	surnames   = []string{"张", "王", "李", "赵", "刘", "陈", "杨", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何", "高", "林", "罗"}
	givenNames = []string{"三", "四", "五", "小明", "小红", "大伟", "秀英", "建国", "晓燕", "文静", "志强", "春梅", "雨桐", "子涵", "德福", "阿婆", "阿姨", "师傅", "老师", "同学"}
)

// communities are invented neighbourhoods.
var communities = []string{
	"春晖社区", "和平里社区", "向阳社区", "翠园小区", "杏林社区", "丰登社区", "安居苑", "东城花园", "朝霞社区", "渭滨家园",
	"秦岭路社区", "明德小区", "书香苑", "长乐社区", "古城社区", "石榴园", "槐树巷社区", "凤鸣社区", "锦绣苑", "老街社区",
}

// Urgencies of the patterns.
var (
	pressing = []contract.Urgency{contract.Urgent, contract.Urgent, contract.Soon}
	mixed    = []contract.Urgency{contract.Urgent, contract.Soon, contract.Soon, contract.Routine}
	calm     = []contract.Urgency{contract.Soon, contract.Routine, contract.Routine, contract.Planned}
)
