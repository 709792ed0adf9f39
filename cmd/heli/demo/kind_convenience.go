package demo

import "heli/pkg/contract"

// convenience is what neighbours do for each other.
func convenience() kind {
	return kind{
		words: map[string][]string{
			"errand": {"买菜", "取快递", "交水电费", "送一桶水", "换煤气", "接送复诊", "遛狗喂猫", "取身份证"},
			"repair": {"水管漏水", "门锁坏了", "暖气不热", "电路跳闸", "马桶堵了", "灯不亮"},
			"reason": {"腿脚不便", "正在隔离", "要照顾孩子走不开", "一个人住", "刚做完手术"},
		},
		requests: convenienceRequests(),
		offers:   convenienceOffers(),
	}
}

func convenienceRequests() []pattern {
	return []pattern{
		{
			title: "{community}老人求帮忙{errand}", text: "老人{reason}，想请人帮忙{errand}，东西放门口就行。地址在{region}{community}。",
			category: "convenience", unit: "trip", from: 1, to: 3, mode: contract.ModeDelivery, urgencies: pressing, vulnerable: []string{"elderly", "isolated"},
		},
		{
			title: "家里{repair}，求师傅", text: "{community}住户{reason}，家里{repair}，希望有人上门看看，材料费自付。",
			category: "convenience", unit: "hour", from: 1, to: 3, mode: contract.ModeOnsite, urgencies: mixed, skills: []string{"水电维修"},
		},
		{
			title: "教老人用手机扫码挂号", text: "{community}有{n}位老人不会用健康码和网上挂号，想请年轻人手把手教。",
			category: "convenience", unit: "session", from: 2, to: 12, mode: contract.ModeOnsite, urgencies: calm,
			vulnerable: []string{"elderly"}, windows: hours(1, 7, "09:00", "17:00"),
		},
		{
			title: "{errand}一周两次", text: "{reason}，未来两周每周要{errand}两次，共{n}趟，时间可以商量。",
			category: "convenience", unit: "trip", from: 2, to: 6, mode: contract.ModeDelivery, urgencies: calm,
		},
		{
			title: "独居女生，希望女志愿者陪同办事", text: "{reason}，要去{region}办事大厅，希望有位女志愿者陪同半天。",
			category: "convenience", unit: "hour", from: 2, to: 4, mode: contract.ModeOnsite, urgencies: calm, safeguards: []string{"woman"},
		},
	}
}

func convenienceOffers() []pattern {
	return []pattern{
		{
			title: "骑手志愿者，帮跑腿", text: "有电动车，{region}一带{errand}都可以，每天能跑{n}趟。",
			category: "convenience", unit: "trip", from: 3, to: 12, per: contract.PerDay, mode: contract.ModeDelivery, skills: []string{"骑行配送"},
		},
		{
			title: "水电师傅义务上门", text: "干了二十年水电，{repair}这类小毛病免工费，每周{n}小时，离{community}近的优先。",
			category: "convenience", unit: "hour", from: 4, to: 16, per: contract.PerWeek, mode: contract.ModeOnsite,
			skills: []string{"水电维修"}, radiusKM: 12, windows: hours(1, 6, "08:00", "20:00"),
		},
		{
			title: "耐心教老人用手机", text: "社工专业学生，可以到社区教老人用手机，一次能带{n}位。",
			category: "convenience", unit: "session", from: 4, to: 15, per: contract.PerWeek, mode: contract.ModeOnsite, radiusKM: 20,
		},
		{
			title: "女志愿者可陪同办事就医", text: "女志愿者，有心理咨询基础，每周可陪同{n}小时，{region}及周边。",
			category: "convenience", unit: "hour", from: 4, to: 12, per: contract.PerWeek, mode: contract.ModeOnsite,
			safeguards: []string{"woman"}, radiusKM: 18,
		},
	}
}
