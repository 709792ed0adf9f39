package demo

import "heli/pkg/contract"

// customs is help for donations from abroad to get through.
func customs() kind {
	return kind{
		words: map[string][]string{
			"from":  {"日本", "韩国", "德国", "新加坡", "澳大利亚", "泰国", "英国", "马来西亚"},
			"goods": {"医用口罩", "防护服", "护目镜", "制氧机", "额温枪", "医用手套", "检测试剂"},
			"port":  {"西安咸阳机场", "西安国际港站", "上海浦东机场", "广州白云机场"},
		},
		requests: customsRequests(),
		offers:   customsOffers(),
	}
}

func customsRequests() []pattern {
	return []pattern{
		{
			title: "{from}捐赠的{goods}卡在{port}", text: "校友从{from}寄来{n}箱{goods}，已到{port}，不知道捐赠物资怎么报关，求懂行的人指点。",
			category: "customs", unit: "session", from: 1, to: 3, mode: contract.ModeRemote, urgencies: pressing,
		},
		{
			title: "{goods}进口免税手续咨询", text: "我们是{region}的社会组织，第一次接收境外捐赠，想问{goods}免税证明怎么办、要哪些材料。",
			category: "customs", unit: "session", from: 1, to: 2, mode: contract.ModeRemote, urgencies: mixed,
		},
		{
			title: "求代办报关一票", text: "{n}票{goods}从{from}发往{port}，收货人是{region}的医院，需要有报关资质的公司代办，可付成本费。",
			category: "customs", unit: "session", from: 1, to: 4, mode: contract.ModeRemote, urgencies: pressing, skills: []string{"报关"},
		},
		{
			title: "{from}货代资料翻译与单证核对", text: "{from}发来的装箱单和质检证书看不懂，约{n}小时工作量，需要会英语的人核对单证。",
			category: "customs", unit: "hour", from: 2, to: 10, mode: contract.ModeRemote, urgencies: calm, languages: []string{"zh", "en"},
		},
	}
}

func customsOffers() []pattern {
	return []pattern{
		{
			title: "报关行免费代办捐赠物资报关", text: "报关行愿为防疫捐赠免费报关，{port}有驻点，每周可办{n}票。",
			category: "customs", unit: "session", from: 5, to: 30, per: contract.PerWeek, mode: contract.ModeRemote,
			skills: []string{"报关", "减免税"}, windows: hours(1, 5, "09:00", "18:00"),
		},
		{
			title: "海关事务咨询，随问随答", text: "做了十几年关务，{goods}的归类、免税、检验要求都熟，可以电话咨询，每天{n}个。",
			category: "customs", unit: "session", from: 3, to: 10, per: contract.PerDay, mode: contract.ModeRemote, skills: []string{"减免税"},
		},
		{
			title: "外贸公司员工，可核对英文单证", text: "外贸跟单，英语流利，每周能拿出{n}小时核对装箱单、发票、质检文件。",
			category: "customs", unit: "hour", from: 4, to: 20, per: contract.PerWeek, mode: contract.ModeRemote, languages: []string{"zh", "en"},
		},
	}
}
