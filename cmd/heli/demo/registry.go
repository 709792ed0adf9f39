package demo

import (
	"fmt"
	"math/rand/v2"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

// Sizes of the registry, as the province of the article reported them (S9).
const (
	provincialCount = 160
	municipalCount  = 448
	countyCount     = 1567
	// expertCount is how many experts ten agencies field (S2).
	agencyCount = 10
	expertCount = 532
	// joinedCount is how many organisations joined the online campaign (S3).
	joinedCount = 50
	// branchCount is how many township branches one county's team has (S6).
	branchCount = 20
	// verifiedShare of the registered organisations were looked at.
	verifiedShare = 0.7
)

// Codes of the groups under one roof.
const (
	psychGroup = "xinli-demo"
	countyTeam = "yangxian-demo"
	teamRegion = "610723"
	campaign   = "joint-online-demo"
)

// field is what organisations of one sort do.
type field struct {
	name        string
	specialties []string
	kind        string
}

func fields() []field {
	return []field{
		{"志愿服务", []string{"labour"}, "charity"}, {"心理咨询", []string{"psych"}, "agency"},
		{"社会工作", []string{"care", "worker_support"}, "agency"}, {"应急救援", []string{"labour", "transport"}, "charity"},
		{"法律援助", []string{"legal"}, "agency"}, {"医师", []string{"medical"}, "agency"}, {"护理", []string{"medical", "care"}, "agency"},
		{"为老服务", []string{"care", "convenience"}, "charity"}, {"儿童关爱", []string{"care", "education"}, "charity"},
		{"助残", []string{"care"}, "charity"}, {"消毒防疫", []string{"labour.disinfection"}, "charity"},
		{"物流", []string{"transport"}, "company"}, {"餐饮", []string{"food"}, "company"}, {"民宿", []string{"shelter"}, "company"},
		{"公益慈善", []string{"donation", "goods"}, "charity"}, {"翻译", []string{"translation"}, "agency"},
		{"商会", []string{"enterprise", "customs"}, "company"}, {"社区服务", []string{"convenience", "goods"}, "community"},
	}
}

// forms are how such organisations are called, by level.
func forms() map[string][]string {
	return map[string][]string{
		"province": {"联合会", "促进会", "协会", "基金会", "研究会"},
		"city":     {"协会", "服务中心", "志愿总队", "促进会"},
		"county":   {"协会", "服务站", "志愿队", "互助会", "服务社"},
	}
}

// registry makes the organisations of the province beside the demo's own.
type registry struct {
	*ids
	ref      *reference.Snapshot
	cities   []string
	counties []string
	drafts   []contract.OrganisationDraft
	counts   map[string]int // by level
	names    map[string]int
}

// registered returns the whole registry, parents first: the demo's own
// organisations, the groups under one roof, and all that the province counted.
func registered(ref *reference.Snapshot, seed uint64) []contract.OrganisationDraft {
	r := &registry{ids: newIDs(seed, streamRegistry), ref: ref, counts: map[string]int{}, names: map[string]int{}}
	for _, region := range ref.Regions() {
		switch {
		case !ref.Within(region.Code, shaanxi):
		case region.Level == "city":
			r.cities = append(r.cities, region.Code)
		case region.Level == "county":
			r.counties = append(r.counties, region.Code)
		}
	}
	for _, d := range organisations(seed) {
		r.put(d)
	}
	r.group()
	r.team()
	r.fill("province", provincialCount, []string{shaanxi})
	r.fill("city", municipalCount, r.cities)
	r.fill("county", countyCount, r.counties)
	return r.drafts
}

func (r *registry) put(d contract.OrganisationDraft) {
	if d.ID == "" {
		d.ID = contract.OrganisationID(r.next())
	}
	r.counts[d.Level]++
	r.drafts = append(r.drafts, d)
}

// group is the psychological-aid group with the agencies that field its experts.
func (r *registry) group() {
	r.put(contract.OrganisationDraft{
		Code: psychGroup, Name: "示例·陕西心理援助联盟", Kind: "agency", Level: "province", RegionCode: shaanxi,
		ParentCode: province, Verified: true, Specialties: []string{"psych"}, ContactPerson: r.person(),
	})
	for n := range agencyCount {
		region := r.cities[n%len(r.cities)]
		r.put(contract.OrganisationDraft{
			Code: agencyCode(n), Name: fmt.Sprintf("示例·%s第%d心理援助站", r.place(region), n/len(r.cities)+1), Kind: "agency",
			Level: "city", RegionCode: region, ParentCode: psychGroup, Verified: true, Specialties: []string{"psych"},
			ContactPerson: r.person(),
		})
	}
}

func agencyCode(n int) string { return fmt.Sprintf("xinli-%02d-demo", n+1) }

// team is a county's team with its branches in the townships.
func (r *registry) team() {
	r.put(contract.OrganisationDraft{
		Code: countyTeam, Name: "示例·洋县防疫志愿总队", Kind: "charity", Level: "county", RegionCode: teamRegion,
		ParentCode: "hanzhong-demo", Verified: true, Coordinates: true, ContactPerson: r.person(),
		Specialties: []string{"labour.checkpoint", "labour.disinfection"},
	})
	for n := range branchCount {
		r.put(contract.OrganisationDraft{
			Code: fmt.Sprintf("yangxian-%02d-demo", n+1), Name: fmt.Sprintf("示例·洋县第%d乡镇分队", n+1), Kind: "charity",
			Level: "community", RegionCode: teamRegion, ParentCode: countyTeam, Verified: true,
			Specialties: []string{"labour.checkpoint"}, ContactPerson: r.person(),
		})
	}
}

// fill adds invented organisations until the level has as many as were counted.
func (r *registry) fill(level string, count int, regions []string) {
	all, called := fields(), forms()[level]
	for n := 0; r.counts[level] < count; n++ {
		region := regions[n%len(regions)]
		f := pick(r.random, all)
		name := r.unique("示例·" + r.place(region) + f.name + pick(r.random, called))
		r.put(contract.OrganisationDraft{
			Code: fmt.Sprintf("%s-%04d-demo", level, n+1), Name: name, Kind: f.kind, Level: level, RegionCode: region,
			ParentCode: nearest(r.ref.Lineage(region)), Verified: r.random.Float64() < verifiedShare,
			Specialties: f.specialties, ContactPerson: r.person(),
		})
	}
}

// unique numbers a name that is there already.
func (r *registry) unique(name string) string {
	r.names[name]++
	if n := r.names[name]; n > 1 {
		return fmt.Sprintf("%s（%d）", name, n)
	}
	return name
}

func (r *registry) place(code string) string {
	region, _ := r.ref.Region(code)
	return region.Names["zh-Hans"]
}

func (r *registry) person() string { return invented(r.random) }

// invented is the name of somebody who does not exist.
func invented(random *rand.Rand) string {
	return "示例·" + pick(random, surnames) + pick(random, givenNames)
}

// joined is the campaign with the organisations that take part: the agencies of
// the group, then others that give psychological, legal or medical help.
func joined(drafts []contract.OrganisationDraft) contract.CampaignDraft {
	c := contract.CampaignDraft{Code: campaign, Name: map[string]string{
		"zh-Hans": "示例·联合线上服务行动", "zh-Hant": "示例·聯合線上服務行動", "en": "Example joint online service campaign",
	}}
	for _, d := range drafts {
		if len(c.Organisations) < joinedCount && len(d.Specialties) > 0 && online(d.Specialties[0]) {
			c.Organisations = append(c.Organisations, d.Code)
		}
	}
	return c
}

func online(specialty string) bool {
	return specialty == "psych" || specialty == "legal" || specialty == "medical"
}
