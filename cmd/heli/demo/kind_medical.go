package demo

import "heli/pkg/contract"

// medical is advice over the phone and medicine brought to the door.
func medical() kind {
	return kind{
		words: map[string][]string{
			"who":      {"家里老人", "我母亲", "邻居大爷", "孩子", "我爱人", "楼上独居的奶奶"},
			"symptom":  {"咳嗽三天", "低烧反复", "血压不稳", "睡不着觉", "血糖偏高", "胃口不好", "起了皮疹"},
			"medicine": {"降压药", "胰岛素", "抗凝药", "透析用药", "甲状腺药", "抗癫痫药", "婴儿退烧药"},
		},
		requests: medicalRequests(),
		offers:   medicalOffers(),
	}
}

func medicalRequests() []pattern {
	return []pattern{
		{
			title: "{who}{symptom}，想问问医生", text: "{who}{symptom}，现在不方便去医院，想请医生电话里问一问，看要不要就诊。人在{region}。",
			category: "medical", unit: "session", from: 1, to: 2, mode: contract.ModeRemote, urgencies: pressing, vulnerable: []string{"elderly"},
		},
		{
			title: "代买{medicine}送到{community}", text: "{who}的{medicine}快用完了，处方和医保卡都在，求帮忙取药送到{community}门口。",
			category: "medical", unit: "trip", from: 1, to: 1, mode: contract.ModeDelivery, urgencies: pressing,
			vulnerable: []string{"chronic_illness"},
		},
		{
			title: "孕期咨询，希望是女医生", text: "孕七个月，{symptom}，产检改期了，想找一位女医生问问注意事项。",
			category: "medical", unit: "session", from: 1, to: 1, mode: contract.ModeRemote, urgencies: mixed,
			safeguards: []string{"woman"}, vulnerable: []string{"pregnant"},
		},
		{
			title: "{community}居民健康讲座", text: "想给{community}居民办{n}场线上讲座，讲居家防护和老年慢病用药，有医生能讲吗？",
			category: "medical", unit: "session", from: 1, to: 4, mode: contract.ModeRemote, urgencies: calm,
			windows: hours(6, 7, "09:00", "18:00"),
		},
		{
			title: "{who}整夜睡不着，想找心理老师", text: "在家待得久了，{who}情绪低落、夜里睡不着，想约{n}次电话疏导。",
			category: "psych", unit: "session", from: 1, to: 4, mode: contract.ModeRemote, urgencies: mixed,
		},
		{
			title: "在{region}的外地护工，只会说粤语", text: "护工只会说粤语，{symptom}，普通话讲不清楚病情，想找会粤语的医生远程问诊。",
			category: "medical", unit: "session", from: 1, to: 1, mode: contract.ModeRemote, urgencies: mixed, languages: []string{"yue"},
		},
	}
}

func medicalOffers() []pattern {
	return []pattern{
		{
			title: "全科医生线上问诊", text: "全科主治医师，下班后可接电话和视频咨询，每天约{n}人次，急症请直接打120。",
			category: "medical", unit: "session", from: 4, to: 20, per: contract.PerDay, mode: contract.ModeRemote,
			skills: []string{"全科", "慢病管理"}, credential: "medical", windows: hours(1, 7, "18:00", "22:00"),
		},
		{
			title: "妇产科女医生义诊", text: "妇产科女医生，愿为孕产妇做线上咨询，每周约{n}人次。",
			category: "medical", unit: "session", from: 6, to: 24, per: contract.PerWeek, mode: contract.ModeRemote,
			skills: []string{"妇产科"}, safeguards: []string{"woman"}, credential: "medical",
		},
		{
			title: "药师团队，可核对处方并送药", text: "{region}药店药师，核对处方后骑车送药，一天能跑{n}单，偏远乡镇也尽量安排。",
			category: "medical", unit: "trip", from: 5, to: 30, per: contract.PerDay, mode: contract.ModeDelivery,
			skills: []string{"药学"}, credential: "medical",
		},
		{
			title: "心理咨询师热线值班", text: "持证咨询师轮流值班，每天可接{n}人次电话疏导，危机个案会转介医院。",
			category: "psych", unit: "session", from: 3, to: 8, per: contract.PerDay, mode: contract.ModeRemote,
			skills: []string{"情绪疏导"}, credential: "psych", agency: psychAgency, windows: hours(1, 7, "09:00", "21:00"),
		},
		{
			title: "儿科医生周末在线", text: "儿科医生，周末两天可接{n}位家长咨询，会普通话和粤语。",
			category: "medical", unit: "session", from: 4, to: 16, per: contract.PerWeek, mode: contract.ModeRemote,
			skills: []string{"儿科"}, languages: []string{"zh", "yue"}, credential: "medical", windows: hours(6, 7, "09:00", "17:00"),
		},
	}
}
