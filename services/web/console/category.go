package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const categoriesPath = "/console/categories"

func (c console) categories(w http.ResponseWriter, r *http.Request) error {
	return c.categoriesPage(w, r, nil)
}

// categoriesPage shows the tree, with the form for the category that the address
// names: after a refusal as it was typed.
func (c console) categoriesPage(w http.ResponseWriter, r *http.Request, f *refusal) error {
	d := c.desk(r, &url.URL{Path: categoriesPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("admin.categories.title"))
	ref, err := c.Reference.Get()
	if err != nil {
		return err
	}
	v := templates.CategoriesView{Rows: ref.Categories(), May: contract.ActorFrom(r.Context()).Sees(contract.RootPath)}
	if code := r.URL.Query().Get("code"); code != "" && v.May {
		known, ok := ref.Category(code)
		if !ok {
			return fault.NewNotFound("category")
		}
		v.Form = &templates.CategoryForm{Category: known}
	}
	if r.URL.Query().Get("new") != "" && v.May {
		v.Form = &templates.CategoryForm{New: true, Category: contract.Category{Matching: "assisted", Order: len(v.Rows)}}
	}
	status := http.StatusOK
	if f != nil {
		status = page.StatusOf(f.err)
		typed := categoryForm(f.form)
		typed.Errors = templates.ErrorsOf(d.Page, f.err)
		v.Form = &typed
		d.Notice = formNotice(d, f.err)
	}
	c.Pages.Render(w, r, status, templates.ConsoleCategories(d, v))
	return nil
}

// putCategory adds a category or changes one; an unknown parent is the code that
// is wrong.
func (c console) putCategory(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	f := categoryForm(r.PostForm)
	ref, err := c.Reference.Get()
	if err != nil {
		return err
	}
	if _, known := ref.Category(f.Category.Code); known && f.New {
		err = fault.NewConflict("code_taken", "another category has this code")
	} else {
		_, err = bus.Call(r.Context(), c.Bus, contract.DirectoryPutCategory, contract.PutCategory{Category: f.Category, Reason: f.Reason})
	}
	if err != nil {
		return c.refuse(w, r, &refusal{err: err, form: r.PostForm}, c.categoriesPage)
	}
	return done(w, r, categoriesPath)
}

func categoryForm(form url.Values) templates.CategoryForm {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	code := text("code")
	f := templates.CategoryForm{New: form.Get("new") != "", Reason: text("reason"), Category: contract.Category{
		Code: code, Names: map[string]string{}, Matching: form.Get("matching"), HSDS: text("hsds"),
		Credential: form.Get("credential") == "on", Sensitive: form.Get("sensitive") == "on", Retired: form.Get("retired") == "on",
	}}
	if n := strings.LastIndexByte(code, '.'); n >= 0 {
		f.Category.Parent = code[:n]
	}
	for _, language := range []string{"en", "zh-Hans", "zh-Hant"} {
		f.Category.Names[language] = text("names." + language)
	}
	for _, unit := range form["units"] {
		f.Category.Units = append(f.Category.Units, contract.Unit(unit))
	}
	for _, mode := range form["modes"] {
		f.Category.Modes = append(f.Category.Modes, contract.Mode(mode))
	}
	order, err := strconv.Atoi(text("order"))
	if err != nil {
		order = -1 // which the directory refuses at its field
	}
	f.Category.Order = order
	return f
}
