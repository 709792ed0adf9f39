package main

import (
	"strconv"

	"github.com/chromedp/chromedp"
)

// Tables with rows that fit and rows that do not.
const (
	someNeeds         = "联系人,手机,城市,要什么,数量\n甲,13800001234,陕西,N95口罩,200\n乙,123,陕西,N95口罩,200\n丙,13800001235,火星,N95口罩,3\n"
	someOrganisations = "机构代码,机构名称,性质,级别,省,市\nlianhu,示例·莲湖,慈善组织,县级,陕西,西安\nmars,示例,慈善组织,星球,陕西,西安\n"
)

// table leads to the page of a table, which it uploads the first time.
func table(kind, name, content, answer string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		await(`form[enctype]`),
		chromedp.Evaluate[chromedp.Void](`(async ([kind, name, content]) => {
			const known = [...document.querySelectorAll("main td a")].find((link) => link.textContent === name);
			const form = new FormData();
			form.set("kind", kind);
			form.set("file", new File([content], name));
			const url = known ? known.href : (await fetch("/console/imports", { method: "POST", body: form })).url;
			document.documentElement.dataset.sent = "";
			location.assign(url);
		})([`+strconv.Quote(kind)+","+strconv.Quote(name)+","+strconv.Quote(content)+`])`, chromedp.EvalAwaitPromise),
		await("html:not([data-sent]) " + answer),
	}
}

// taken takes the table of the page in, unless that has been done.
func taken() []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		until(`document.readyState === "complete"`), // the button comes after what was awaited
		chromedp.Evaluate[chromedp.Void](`document.querySelector("button[value=take]")?.click()`),
		await(`#part-upload a[href$="/errors"]`),
	}
}
