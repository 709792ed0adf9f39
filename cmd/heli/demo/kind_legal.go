package demo

import "heli/pkg/contract"

// legal is advice of lawyers, mostly about work, rent and contracts.
func legal() kind {
	return kind{
		words: map[string][]string{
			"trade":  {"餐馆", "理发店", "培训班", "小超市", "民宿", "加工厂", "快递站"},
			"matter": {"停工期间的工资", "房租减免", "订单违约", "退学费", "被辞退的补偿", "隔离期间的加班"},
		},
		requests: legalRequests(),
		offers:   legalOffers(),
	}
}

func legalRequests() []pattern {
	return []pattern{
		{
			title: "{matter}怎么算，想问律师", text: "在{region}开{trade}，遇到{matter}的问题，双方说法不一，想请律师看看合同。",
			category: "legal", unit: "session", from: 1, to: 2, mode: contract.ModeRemote, urgencies: calm, skills: []string{"劳动法"},
		},
		{
			title: "{trade}房租纠纷咨询", text: "{trade}关门一个多月，房东不肯减租还要收滞纳金，想知道有没有政策依据。",
			category: "legal", unit: "session", from: 1, to: 1, mode: contract.ModeRemote, urgencies: mixed,
		},
		{
			title: "粤语律师：香港亲属遗产公证", text: "老人只会说粤语，办公证要委托香港亲属，希望有会粤语的律师帮忙沟通。人在{region}。",
			category: "legal", unit: "session", from: 1, to: 3, mode: contract.ModeRemote, urgencies: calm, languages: []string{"yue"},
			vulnerable: []string{"elderly"},
		},
		{
			title: "需要女律师，家庭安全问题", text: "不方便多说，希望由女律师在白天联系，先了解可以怎么保护自己。",
			category: "legal", unit: "session", from: 1, to: 1, mode: contract.ModeRemote, urgencies: pressing,
			safeguards: []string{"woman"}, vulnerable: []string{"violence"}, windows: hours(1, 5, "10:00", "16:00"),
		},
		{
			title: "{community}法律咨询日", text: "{community}想办一次线上咨询，预计{n}人次，主要问{matter}。",
			category: "legal", unit: "session", from: 5, to: 20, mode: contract.ModeRemote, urgencies: calm, windows: hours(6, 6, "09:00", "17:00"),
		},
	}
}

func legalOffers() []pattern {
	return []pattern{
		{
			title: "劳动法律师公益咨询", text: "执业律师，主要做劳动争议，每周可接{n}人次电话咨询。",
			category: "legal", unit: "session", from: 5, to: 20, per: contract.PerWeek, mode: contract.ModeRemote,
			skills: []string{"劳动法"}, credential: "legal", agency: legalAgency, windows: hours(1, 5, "09:00", "21:00"),
		},
		{
			title: "合同与租赁纠纷律师", text: "熟悉商铺租赁和不可抗力条款，可以看合同、写函，每周{n}人次。",
			category: "legal", unit: "session", from: 3, to: 12, per: contract.PerWeek, mode: contract.ModeRemote,
			skills: []string{"合同法", "租赁"}, credential: "legal",
		},
		{
			title: "粤语律师在线", text: "广东籍律师，会粤语和普通话，每周{n}人次，涉港公证委托也可以问。",
			category: "legal", unit: "session", from: 2, to: 8, per: contract.PerWeek, mode: contract.ModeRemote,
			languages: []string{"yue", "zh"}, skills: []string{"公证"}, credential: "legal", agency: legalAgency,
		},
		{
			title: "女律师，妇女儿童权益", text: "长期做妇女权益保护，可先线上沟通，必要时陪同，每周{n}人次。",
			category: "legal", unit: "session", from: 2, to: 8, per: contract.PerWeek, mode: contract.ModeRemote,
			safeguards: []string{"woman"}, skills: []string{"婚姻家事"}, credential: "legal", agency: legalAgency,
		},
	}
}
