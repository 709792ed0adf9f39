package demo

import (
	"heli/pkg/contract"
)

// Codes of the demo's organisations. All are invented.
const (
	province        = "sn-demo"
	psychAgency     = "xinqing-demo"
	legalAgency     = "mingli-demo"
	topOrganisation = "root"
)

// branch is an organisation of the demo.
type branch struct{ code, name, kind, level, region, parent string }

func branches() []branch {
	return []branch{
		{province, "示例·陕西社会组织联合会", "charity", "province", "610000", "root"},
		{"xian-demo", "示例·西安社会组织服务中心", "charity", "city", "610100", province},
		{"baoji-demo", "示例·宝鸡社会组织服务中心", "charity", "city", "610300", province},
		{"xianyang-demo", "示例·咸阳社会组织服务中心", "charity", "city", "610400", province},
		{"hanzhong-demo", "示例·汉中社会组织服务中心", "charity", "city", "610700", province},
		{"yulin-demo", "示例·榆林社会组织服务中心", "charity", "city", "610800", province},
		{"yanta-demo", "示例·雁塔区志愿者协会", "charity", "county", "610113", "xian-demo"},
		{"lantian-demo", "示例·蓝田县志愿者协会", "charity", "county", "610122", "xian-demo"},
		{psychAgency, "示例·心晴心理援助中心", "agency", "city", "610100", province},
		{legalAgency, "示例·明理法律援助社", "agency", "city", "610100", province},
	}
}

// organisations returns the tree, parents first. Agencies field helpers and
// take no public submissions.
func organisations(seed uint64) []contract.OrganisationDraft {
	ids := newIDs(seed, streamOrganisations)
	var drafts []contract.OrganisationDraft
	for _, b := range branches() {
		drafts = append(drafts, contract.OrganisationDraft{
			ID: contract.OrganisationID(ids.next()), Code: b.code, Name: b.name, Kind: b.kind, Level: b.level,
			RegionCode: b.region, ParentCode: b.parent, Coordinates: b.kind != "agency", Verified: true,
		})
	}
	return drafts
}

// staff are the people who sign in to the demo, one at least for each role.
func staff() []contract.PersonDraft {
	return []contract.PersonDraft{
		{Name: "示例·管理员老周", Role: contract.RoleAdministrator, Organisation: topOrganisation},
		{Name: "示例·总调度小何", Role: contract.RoleCoordinator, Organisation: topOrganisation},
		{Name: "示例·省级调度小林", Role: contract.RoleCoordinator, Organisation: province},
		{Name: "示例·西安调度小马", Role: contract.RoleCoordinator, Organisation: "xian-demo"},
		{Name: "示例·心晴负责人小郑", Role: contract.RoleAgencyLead, Organisation: psychAgency},
		{Name: "示例·明理负责人老贺", Role: contract.RoleAgencyLead, Organisation: legalAgency},
		{Name: "示例·咨询师小叶", Role: contract.RoleHelper, Organisation: psychAgency},
		{Name: "示例·审计员老孟", Role: contract.RoleAuditor, Organisation: topOrganisation},
		{Name: "示例·对接工程师小纪", Role: contract.RoleIntegrator, Organisation: province},
	}
}

func people(seed uint64) []contract.PersonDraft {
	ids := newIDs(seed, streamPeople)
	drafts := staff()
	for i := range drafts {
		drafts[i].ID, drafts[i].Language, drafts[i].Demo = contract.PersonID(ids.next()), "zh-Hans", true
	}
	return drafts
}

// coordinator is the province's, who enters what staff enter. Cities see what
// lies below them; the scenario's staff entries are the province's own.
func coordinator(seed uint64) contract.Actor {
	for _, p := range people(seed) {
		if p.Role == contract.RoleCoordinator && p.Organisation == province {
			return contract.Actor{
				Role: p.Role, Name: p.Name, PersonID: p.ID, Organisation: organisations(seed)[0].ID,
				Path: contract.RootPath + province + "/",
			}
		}
	}
	//nolint:forbidigo // the lists above are wrong
	panic("the demo has no coordinator of its province")
}

// nearest returns the code of the organisation that coordinates the first of
// the regions, nearest first, that one does.
func nearest(lineage []string) string {
	for _, region := range lineage {
		for _, b := range branches() {
			if b.region == region && b.kind != "agency" {
				return b.code
			}
		}
	}
	return province
}
