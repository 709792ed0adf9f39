// Makes ../app.css readable for old phones (Chrome 78, Safari 13, WeChat's web
// view) without changing what a new browser shows: layers become specificity,
// and what an old browser cannot read gets something that it can beside it.
// What is meant for old browsers alone stands below `OLD`, a condition that is
// false wherever :is, :where and gaps of flex boxes are known.
import { readFileSync, writeFileSync } from "node:fs";
import cascadeLayers from "@csstools/postcss-cascade-layers";
import { Features, transform } from "lightningcss";
import postcss from "postcss";
import selectorParser from "postcss-selector-parser";

const OLD = "not (aspect-ratio:1)";
const COMPARES = "(width:max(1px,2px))";
const LOWEST = ["properties", "theme", "base"];
const version = (major) => major << 16;
const targets = { chrome: version(78), safari: version(13), ios_saf: version(13), firefox: version(78) };
const file = new URL("../app.css", import.meta.url);

const PHYSICAL = {
  "padding-inline": ["padding-left", "padding-right"],
  "padding-block": ["padding-top", "padding-bottom"],
  "margin-inline": ["margin-left", "margin-right"],
  "margin-block": ["margin-top", "margin-bottom"],
  "inset-inline": ["left", "right"],
  "inset-inline-end": ["right"],
  "border-start-start-radius": ["border-top-left-radius"],
  "border-start-end-radius": ["border-top-right-radius"],
  "border-end-start-radius": ["border-bottom-left-radius"],
  "border-end-end-radius": ["border-bottom-right-radius"],
};

/* Selectors that the oldest of these browsers know. */
const KNOWN = new Set([":active", ":after", "::after", ":before", "::before", ":checked", ":disabled", ":enabled", ":first-child", ":first-of-type", ":focus", ":focus-within",
  ":hover", ":indeterminate", ":lang", ":last-child", ":nth-child", ":only-child", "::placeholder", ":root", ":not", ":host"]);
const simple = (selector) => selector.nodes.length === 1 && selector.nodes[0].type !== "combinator";

function knows(selector) {
  let all = true;
  selector.walkPseudos((pseudo) => {
    if (pseudo.value === ":not" && !(pseudo.nodes.length === 1 && simple(pseudo.nodes[0]))) all = false;
    if (!KNOWN.has(pseudo.value) && !pseudo.value.startsWith("::-webkit-")) all = false;
  });
  return all;
}

/* Puts an alternative of :is or :where in the place of the pseudo; a tag goes
   to the front of its compound. Undefined where the two do not fit together. */
function unroll(selector, at, alternative) {
  const copy = selector.clone();
  const pseudo = copy.at(at);
  const head = alternative.clone().nodes;
  const before = copy.nodes.slice(0, at).findLastIndex((node) => node.type === "combinator") + 1;
  const alone = before === at && (at === copy.nodes.length - 1 || copy.at(at + 1).type === "combinator" || copy.at(at + 1).type === "pseudo");
  if (!alone && head.some((node) => node.type === "combinator")) return undefined;
  head.forEach((node) => { node.spaces = node.type === "combinator" ? node.spaces : { before: "", after: "" }; });
  const tag = !alone && ["tag", "universal"].includes(head[0].type) ? head.shift() : undefined;
  head.forEach((node) => copy.insertBefore(pseudo, node));
  pseudo.remove();
  if (tag && copy.at(before)?.type === "tag") return tag.value === copy.at(before).value ? copy : undefined;
  if (tag) copy.insertBefore(copy.at(before), tag);
  return copy;
}

/* All forms of a selector that an old browser reads, none if there is none. */
function forms(selector) {
  if (knows(selector)) return [selector];
  const at = selector.nodes.findIndex((node) => node.type === "pseudo" && !(KNOWN.has(node.value) && (node.value !== ":not" || (node.nodes.length === 1 && simple(node.nodes[0])))) && !node.value.startsWith("::-webkit-"));
  if (at < 0) return [];
  const pseudo = selector.at(at);
  if (pseudo.value === ":is" || pseudo.value === ":where") {
    return pseudo.nodes.flatMap((alternative) => unroll(selector, at, alternative) ?? []).flatMap(forms);
  }
  if (pseudo.value === ":focus-visible") {
    const copy = selector.clone();
    copy.at(at).value = ":focus";
    return forms(copy);
  }
  if (pseudo.value !== ":not" || !pseudo.nodes.every(simple)) return [];
  const copy = selector.clone();
  pseudo.nodes.forEach((one) => {
    const not = pseudo.clone({ nodes: [] });
    not.append(one.clone());
    copy.insertBefore(copy.at(copy.nodes.findIndex((node, i) => i >= at && node.value === ":not" && node.nodes.length > 1)), not);
  });
  copy.at(copy.nodes.findIndex((node) => node.value === ":not" && node.nodes.length > 1)).remove();
  return forms(copy);
}

const rule = (selector, nodes = []) => postcss.rule({ selector, nodes });
const old = (...nodes) => postcss.atRule({ name: "supports", params: OLD, nodes });
const readableAll = (node) => selectorParser().astSync(node.selector).nodes.every(knows);
const insideKeyframes = (node) => node.parent.type === "atrule" && node.parent.name.endsWith("keyframes");

/* One selector that is not known makes a browser drop the whole list: each
   stands alone, after what stands for it in an old browser. */
function selectors(node) {
  if (insideKeyframes(node)) return;
  const list = selectorParser().astSync(node.selector).nodes;
  const strange = list.filter((one) => !knows(one));
  if (strange.length === 0) return;
  const plain = list.filter(knows);
  if (plain.length > 0) node.before(node.clone({ selectors: plain.map(String) }));
  for (const one of strange) {
    const known = [...new Set(forms(one).map((form) => String(form).trim()))];
    if (known.length > 0) node.before(old(rule(known.join(","), node.nodes.map((child) => child.clone()))));
    node.before(node.clone({ selector: String(one).trim() }));
  }
  node.remove();
}

/* Properties of a direction become those of the side: no language here runs
   from right to left. */
function sides(declaration) {
  const names = PHYSICAL[declaration.prop];
  if (!names) return;
  const values = postcss.list.space(declaration.value);
  names.forEach((prop, i) => declaration.before(declaration.clone({ prop, value: values[i] ?? values[0] })));
  declaration.remove();
}

/* Values that an old browser does not read follow one that it does. */
function values(declaration) {
  declaration.value = declaration.value.replaceAll(/oklch\((0|100)% 0 0\s*\/\s*(calc\([^()]*(?:\([^()]*\)[^()]*)*\)|[\d.]+)\)/g,
    (_, light, alpha) => `rgba(${light === "0" ? "0,0,0" : "255,255,255"},${alpha})`);
  if (/\ddvh\b/.test(declaration.value)) declaration.cloneBefore({ value: declaration.value.replaceAll(/([\d.]+)dvh\b/g, "$1vh") });
  if (/\d+lh\b/.test(declaration.value)) declaration.cloneBefore({ value: declaration.value.replaceAll(/([\d.]+)lh\b/g, "$1.6em") });
  if (declaration.prop === "overflow-wrap" && declaration.value === "anywhere") declaration.cloneBefore({ value: "break-word" });
}

/* A value with a variable is judged only when it is used, too late for a
   declaration before it: what compares goes below a condition of its own. */
function guarded(declaration) {
  if (!/\b(min|max|clamp)\(/.test(declaration.value) || declaration.prop.startsWith("--")) return;
  const owner = declaration.parent;
  if (owner.parent.params === COMPARES) return;
  const [rest, alone] = [rule(owner.selector), rule(owner.selector)];
  rest.append(owner.nodes.slice(owner.index(declaration) + 1));
  alone.append(declaration);
  owner.after(rest);
  owner.after(postcss.atRule({ name: "supports", params: COMPARES, nodes: [alone] }));
}

/* Shares of a colour of the theme, as Tailwind mixes them, by its red, green
   and blue; what the text's own colour is shares the page's. Shadows are
   daisyUI's depth, which is none here. */
function shares(support) {
  support.walkDecls((declaration) => {
    let value = declaration.value.replaceAll(/color-mix\(in \w+, ?(?:var\(--color-([\w-]+)\)|currentcolor) (\d+)%, ?(?:transparent|#0000)\)/gi,
      (_, name, part) => `rgba(var(--rgb-${name ?? "base-content"}),${part / 100})`);
    if (declaration.prop.endsWith("-shadow") && value.includes("var(--depth)")) value = "0 0 #0000";
    if (value.includes("color-mix")) return;
    support.before(rule(declaration.parent.selector, [declaration.clone({ value })]));
  });
}

/* Red, green and blue of the theme's colours, beside the colours. */
function triplets(root) {
  const used = new Set(root.toString().match(/--rgb-[\w-]+/g));
  root.walkDecls(/^--color-/, (declaration) => {
    const prop = declaration.prop.replace("--color-", "--rgb-");
    const digits = declaration.value.match(/^#([0-9a-f]{3}|[0-9a-f]{6})$/i)?.[1];
    if (!digits || !used.has(prop)) return;
    const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g);
    declaration.cloneAfter({ prop, value: pairs.map((pair) => parseInt(pair, 16)).join(",") });
  });
}

/* Flex boxes get margins for their gaps: a row's parts to the right, a column's
   above. Text has none of its own: its one neighbour keeps apart on both sides. */
function gaps(node) {
  const own = (prop) => node.nodes.findLast((child) => child.prop === prop)?.value;
  if (!readableAll(node) || !/^(inline-)?flex$/.test(own("display") ?? "")) return;
  const [row, column] = [own("row-gap") ?? own("gap"), own("column-gap") ?? own("gap")];
  if (!row && !column) return;
  const each = (end, nodes) => rule(node.selectors.map((one) => one + end).join(","), nodes.map(([prop, value]) => postcss.decl({ prop, value })));
  const flow = `${own("flex-direction") ?? ""} ${own("flex-flow") ?? ""} ${own("flex-wrap") ?? ""}`;
  const parts = [rule(node.selector, [postcss.decl({ prop: "gap", value: "0" })])];
  if (flow.includes("column")) {
    if (row) parts.push(each(">*+*", [["margin-top", row]]));
  } else {
    const half = `calc(${column}/2)`;
    if (column) parts.push(each(":before", [["margin-right", column]]), each(">*", [["margin-right", column]]), each(">:last-child", [["margin-right", "0"]]), each(">:only-child", [["margin-right", half], ["margin-left", half]]));
    if (row && /\bwrap\b/.test(flow)) parts.push(each(">*", [["margin-top", `calc(${row}/2)`], ["margin-bottom", `calc(${row}/2)`]]));
  }
  node.after(old(...parts));
}

/* Turning and shifting have had properties of their own since 2022 only. */
function turns(node) {
  const parts = node.nodes.filter((child) => child.prop === "rotate" || child.prop === "translate");
  if (parts.length === 0 || !readableAll(node)) return;
  const value = parts.map((child) => `${child.prop}(${child.value.replace(" ", ",")})`).join(" ");
  node.after(postcss.atRule({ name: "supports", params: "not (rotate:1deg)", nodes: [rule(node.selector, [postcss.decl({ prop: "transform", value })])] }));
}

const readable = {
  postcssPlugin: "heli-readable",
  Once(root) {
    const all = (type) => { const found = []; root.walk((node) => { if (node.type === type) found.push(node); }); return found; };
    /* The lowest layers hold nothing that would lose to another without them. */
    const layers = all("atrule").filter((node) => node.name === "layer");
    layers.filter((node) => LOWEST.includes(node.params)).forEach((node) => { node.params = "base"; });
    const supports = all("atrule").filter((node) => node.name === "supports");
    supports.filter((node) => node.params.includes("-webkit-hyphens")).forEach((node) => { node.params += ` or (${OLD})`; });
    supports.filter((node) => node.params.includes("color-mix")).forEach(shares);
    triplets(root);
    all("atrule").filter((node) => node.name === "property" && root.toString().split(node.params).length === 2).forEach((node) => node.remove());
    [sides, values, guarded].forEach((step) => all("decl").forEach(step));
    [selectors, turns, gaps].forEach((step) => all("rule").forEach(step));
  },
};

/* Written without a needless byte. */
const tight = {
  postcssPlugin: "heli-tight",
  OnceExit(root) {
    root.walk((node) => {
      if (node.type === "comment") return;
      node.raws = { before: "", between: node.type === "decl" ? ":" : "", after: "", semicolon: false, afterName: " ", important: node.raws.important };
      if (node.type === "rule" && node.nodes.length === 0) node.remove();
    });
  },
};

const prefixed = transform({
  filename: "app.css", code: readFileSync(file), targets, minify: true,
  exclude: Features.Selectors | Features.LogicalProperties | Features.LightDark | Features.Colors | Features.FontFamilySystemUi,
}).code.toString();
const result = await postcss([readable, cascadeLayers(), tight]).process(prefixed, { from: undefined });
result.warnings().forEach((warning) => { throw new Error(String(warning)); });
writeFileSync(file, result.css + "\n");
