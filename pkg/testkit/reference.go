package testkit

import "heli/pkg/contract"

// Organisations of Reference.
var (
	Root    = contract.OrganisationRef{ID: "01900000-0000-7000-8000-000000000001", Code: "root", Path: contract.RootPath, Name: "Heli"}
	Shaanxi = contract.OrganisationRef{ID: "01900000-0000-7000-8000-000000000002", Code: "shaanxi", Path: "root/shaanxi/", Name: "陕西"}
	Xian    = contract.OrganisationRef{ID: "01900000-0000-7000-8000-000000000003", Code: "xian", Path: "root/shaanxi/xian/", Name: "西安"}
)

// Reference returns a small China: a few regions, every category at the top,
// two of volunteer work, three items, and Shaanxi and Xi'an as the coordinators
// of their regions. Each call returns a document of its own.
func Reference() contract.Reference {
	return contract.Reference{
		Version:    1,
		Regions:    regions(),
		Categories: categories(),
		Items: []contract.Item{
			item("mask_n95", "piece", nil, "医用防护口罩", "N95口罩", "N95"),
			item("mask_surgical", "piece", map[contract.Unit]int64{"box": 50}, "医用外科口罩", "外科口罩"),
			item("suit", "piece", nil, "防护服", "医用防护服"),
		},
		Coordinators: map[string]contract.OrganisationRef{"610000": Shaanxi, "610100": Xian},
		Root:         Root,
	}
}

func regions() []contract.Region {
	region := func(code, parent, level, name string, lat, lon float64) contract.Region {
		return contract.Region{
			Code: code, Parent: parent, Level: level,
			Names: map[string]string{"zh-Hans": name}, Point: &contract.Point{Lat: lat, Lon: lon},
		}
	}
	country := contract.Region{Code: "000000", Level: "country", Names: map[string]string{"zh-Hans": "中国"}}
	return []contract.Region{
		country,
		region("110000", "000000", "province", "北京市", 39.905, 116.405),
		region("110105", "110000", "county", "朝阳区", 39.921, 116.486),
		region("420000", "000000", "province", "湖北省", 30.58, 114.30),
		region("420100", "420000", "city", "武汉市", 30.59, 114.30),
		region("420102", "420100", "county", "江岸区", 30.60, 114.31),
		region("610000", "000000", "province", "陕西省", 34.26, 108.95),
		region("610100", "610000", "city", "西安市", 34.34, 108.94),
		region("610102", "610100", "county", "新城区", 34.26, 108.96),
		region("610113", "610100", "county", "雁塔区", 34.22, 108.94),
		region("610300", "610000", "city", "宝鸡市", 34.36, 107.24),
		region("610302", "610300", "county", "渭滨区", 34.37, 107.14),
	}
}

// categories are those of the domain, with their Chinese names alone.
func categories() []contract.Category {
	remote := []contract.Mode{contract.ModeRemote, contract.ModeOnsite}
	onsite := []contract.Mode{contract.ModeOnsite}
	delivery := []contract.Mode{contract.ModeDelivery}
	every := []contract.Mode{contract.ModeRemote, contract.ModeOnsite, contract.ModeDelivery}
	return []contract.Category{
		guarded("psych", "心理援助", remote, "session", "hour", "person"),
		guarded("medical", "医疗咨询与送药", every, "session", "trip", "box"),
		guarded("legal", "法律咨询", remote, "session", "hour"),
		category("customs", "", "报关通关", remote, "session", "box"),
		category("ppe", "", "防护物资", delivery, "piece", "box", "bottle", "kg"),
		category("goods", "", "生活物资", delivery, "piece", "box", "kg"),
		category("food", "", "餐食", delivery, "portion", "box", "kg"),
		category("donation", "", "款物捐赠", every, "fen", "piece"),
		category("labour", "", "志愿服务", onsite, "person", "hour"),
		category("labour.disinfection", "labour", "消毒消杀", onsite, "m2", "person"),
		category("labour.checkpoint", "labour", "社区值守", onsite, "person", "hour"),
		category("labour.sorting", "labour", "物资分拣", onsite, "person", "hour"),
		category("transport", "", "运输配送", delivery, "trip", "kg"),
		category("shelter", "", "住宿安置", onsite, "room", "bed"),
		category("care", "", "照护陪伴", remote, "hour", "person"),
		category("convenience", "", "便民服务", every, "trip", "hour"),
		category("worker_support", "", "社区工作者支持", remote, "session", "person"),
		category("enterprise", "", "企业纾困与采购", every, "session", "piece"),
		category("translation", "", "翻译", remote, "session", "hour"),
		category("education", "", "助学", remote, "hour", "session"),
		category("information", "", "信息咨询", remote, "session", "hour"),
		category("other", "", "其他", every, "other", "session", "piece"),
	}
}

func category(code, parent, name string, modes []contract.Mode, units ...contract.Unit) contract.Category {
	return contract.Category{
		Code: code, Parent: parent, Names: map[string]string{"zh-Hans": name},
		Units: units, Modes: modes, Matching: "assisted",
	}
}

// guarded is a sensitive category that needs a credential.
func guarded(code, name string, modes []contract.Mode, units ...contract.Unit) contract.Category {
	c := category(code, "", name, modes, units...)
	c.Credential, c.Sensitive, c.Matching = true, true, "manual"
	return c
}

func item(code string, unit contract.Unit, per map[contract.Unit]int64, name string, aliases ...string) contract.Item {
	return contract.Item{
		Code: code, Category: "ppe", Unit: unit, Per: per,
		Names: map[string]string{"zh-Hans": name}, Aliases: aliases,
	}
}
