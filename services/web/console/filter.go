package console

import (
	"slices"

	"heli/pkg/contract"
	"heli/services/web/templates"
)

// filters returns what a list is narrowed by, with the choices. Parts of a page
// do not show them, so they get none.
func (c console) filters(d templates.Desk, thing contract.Thing, states []string) templates.Filters {
	f := templates.Filters{
		Text: d.Query.Get("text"), Urgency: d.Query.Get("urgency"), Category: d.Query.Get("category"),
		Region: d.Query.Get("region"), State: d.Query.Get("state"),
	}
	if d.Frame.Title == "" {
		return f
	}
	f.Categories, f.Regions = c.categoryChoices(d), c.regionChoicesWith(d, f.Region)
	for _, state := range states {
		f.States = append(f.States, templates.Option{Value: state, Label: d.State(thing, state)})
	}
	return f
}

func urgencyChoices(d templates.Desk) []templates.Option {
	var options []templates.Option
	for _, urgency := range contract.Urgencies() {
		options = append(options, templates.Option{Value: string(urgency), Label: d.Urgency(urgency)})
	}
	return options
}

func (c console) categoryChoices(d templates.Desk) []templates.Option {
	ref := c.snapshot()
	if ref == nil {
		return nil
	}
	var options []templates.Option
	for _, category := range ref.Categories() {
		label := d.Category(category.Code)
		if category.Parent != "" {
			label = d.Category(category.Parent) + " · " + label
		}
		options = append(options, templates.Option{Value: category.Code, Label: label})
	}
	return options
}

// regionChoicesWith are the regions to choose with those directly below the city that
// is chosen, or beside the county that is: all at once would be thousands.
func (c console) regionChoicesWith(d templates.Desk, chosen string) []templates.Option {
	options, ref := c.regionChoices(d), c.snapshot()
	if ref == nil {
		return options
	}
	region, _ := ref.Region(chosen)
	city := region.Code
	if region.Level == "county" {
		city = region.Parent
	}
	at := slices.IndexFunc(options, func(o templates.Option) bool { return o.Value == city })
	if at < 0 || region.Level != "city" && region.Level != "county" {
		return options
	}
	var below []templates.Option
	for _, county := range ref.Regions() {
		if county.Parent == city {
			label := d.T("queue.region_below", "city", d.Region(city), "county", d.Region(county.Code))
			below = append(below, templates.Option{Value: county.Code, Label: label, Group: options[at].Group})
		}
	}
	return slices.Insert(options, at+1, below...)
}

// regionChoices are the provinces with their cities: what lies below a region
// is listed with it.
func (c console) regionChoices(d templates.Desk) []templates.Option {
	ref := c.snapshot()
	if ref == nil {
		return nil
	}
	cities := map[string][]templates.Option{}
	var provinces []string
	for _, region := range ref.Regions() {
		switch region.Level {
		case "province":
			provinces = append(provinces, region.Code)
		case "city":
			cities[region.Parent] = append(cities[region.Parent], templates.Option{Value: region.Code, Label: d.Region(region.Code)})
		}
	}
	var options []templates.Option
	for _, code := range provinces {
		name := d.Region(code)
		options = append(options, templates.Option{Value: code, Label: name, Group: name})
		for _, city := range cities[code] {
			city.Group = name
			options = append(options, city)
		}
	}
	return options
}
