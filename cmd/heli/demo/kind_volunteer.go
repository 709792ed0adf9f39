package demo

import "heli/pkg/contract"

// volunteer is work that people do together on the spot.
func volunteer() kind {
	return kind{
		words: map[string][]string{
			"shift": {"早班（7:00-13:00）", "晚班（18:00-22:00）", "白天全天", "周末两天"},
			"place": {"东门卡口", "小区北门", "检测点", "便民服务站", "社区大厅", "村口劝返点"},
			"goods": {"口罩和消毒液", "米面油", "蔬菜包", "防护服", "爱心企业捐赠的牛奶", "药品"},
		},
		requests: volunteerRequests(),
		offers:   volunteerOffers(),
	}
}

func volunteerRequests() []pattern {
	return []pattern{
		{
			title: "{community}{place}急需值守志愿者", text: "{region}{community}{place}人手不够，需要{n}名志愿者轮班测温、登记、扫码，{shift}。管工作餐，提供口罩手套。",
			category: "labour.checkpoint", unit: "person", from: 2, to: 12, mode: contract.ModeOnsite, urgencies: pressing,
		},
		{
			title: "{region}物资分拣打包招募{n}人", text: "一批{goods}刚到仓库，需要{n}人分拣、打包、贴标签，{shift}，能搬二十斤左右就行。",
			category: "labour.sorting", unit: "person", from: 3, to: 20, mode: contract.ModeOnsite, urgencies: mixed,
		},
		{
			title: "{community}公共区域消杀", text: "{community}电梯间、楼道、垃圾点约{n}平方米需要消毒，我们有药水，没有喷雾器和会操作的人。",
			category: "labour.disinfection", unit: "m2", from: 800, to: 12000, mode: contract.ModeOnsite,
			urgencies: mixed, skills: []string{"消毒操作"},
		},
		{
			title: "{community}入户摸排志愿者", text: "要给独居老人逐户打电话、上门看一看，需要{n}名细心的志愿者，会说本地话更好。",
			category: "labour", unit: "person", from: 2, to: 8, mode: contract.ModeOnsite, urgencies: calm, vulnerable: []string{"elderly"},
		},
		{
			title: "{place}夜间值守换班", text: "值守的同志已连续上了多天夜班，求{n}人来换一换，{region}范围内可以接送。",
			category: "labour.checkpoint", unit: "person", from: 1, to: 6, mode: contract.ModeOnsite,
			urgencies: pressing, windows: hours(1, 7, "18:00", "24:00"),
		},
	}
}

func volunteerOffers() []pattern {
	return []pattern{
		{
			title: "{region}志愿者小队可值守", text: "我们{n}个人，都是{community}的居民，{shift}可以到{place}值守，有值守经验。",
			category: "labour.checkpoint", unit: "person", from: 3, to: 15, per: contract.PerDay, mode: contract.ModeOnsite, radiusKM: 15,
		},
		{
			title: "大学生志愿者，能搬能分拣", text: "假期在家，{n}名同学可参加物资分拣和搬运，{region}周边都能去。",
			category: "labour.sorting", unit: "person", from: 2, to: 10, per: contract.PerDay, mode: contract.ModeOnsite, radiusKM: 25,
			windows: hours(1, 7, "08:00", "20:00"),
		},
		{
			title: "专业消杀队，自带设备", text: "消杀队有背负式喷雾器和防护装备，每天可作业约{n}平方米，需提供药水和水源。",
			category: "labour.disinfection", unit: "m2", from: 2000, to: 20000, per: contract.PerDay, mode: contract.ModeOnsite,
			skills: []string{"消毒操作", "设备维护"}, radiusKM: 60,
		},
		{
			title: "退休党员愿做社区志愿者", text: "{community}退休职工，身体好，愿意做登记、劝导、陪老人说话，{shift}都行。",
			category: "labour", unit: "person", from: 1, to: 3, mode: contract.ModeOnsite, radiusKM: 8,
		},
	}
}
