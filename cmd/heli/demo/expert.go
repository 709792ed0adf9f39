package demo

import "heli/pkg/contract"

// experts are the psychologists whom the agencies of the group field (S2): every
// one an offer of some sessions a week, over the phone or the net.
func experts() kind {
	remote := func(title, text string, skills, safeguards []string, languages ...string) pattern {
		return pattern{
			title: title, text: text, category: "psych", unit: "session", from: 2, to: 12, per: contract.PerWeek,
			mode: contract.ModeRemote, skills: skills, safeguards: safeguards, languages: languages, credential: "psych",
			staff: true,
		}
	}
	return kind{offers: []pattern{
		remote("成人情绪疏导", "国家二级心理咨询师，擅长焦虑与失眠，每周可接{n}次电话咨询。", []string{"情绪疏导"}, nil),
		remote("儿童青少年心理支持", "中学心理老师，擅长亲子沟通与学习压力，每周可接{n}次视频咨询。", []string{"亲子沟通"}, []string{"woman"}),
		remote("丧亲与哀伤陪伴", "受过哀伤辅导训练，愿意陪失去亲人的家庭慢慢走，每周{n}次。", []string{"哀伤辅导"}, nil),
		remote("一线人员减压", "为医护、社区工作者做减压与睡眠指导，每周{n}次，晚上也可以。", []string{"减压"}, nil),
		remote("危机干预热线", "有热线危机干预经验，能接紧急个案，每周{n}次。", []string{"危机干预", "情绪疏导"}, []string{"woman"}),
		remote("粤语心理咨询", "会粤语和普通话的咨询师，每周可接{n}次。", []string{"情绪疏导"}, nil, "yue", "zh"),
	}}
}

// expert is one offer of an agency's expert, numbered behind the other offers.
func (g *generator) expert(n int) Offer {
	k := experts()
	p := k.offers[n%len(k.offers)]
	p.agency = agencyCode(n % agencyCount)
	return g.offerOf(offerCount+n, k, p)
}
