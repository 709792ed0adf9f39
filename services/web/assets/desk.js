// The console by keyboard: single keys, the sheet that lists them, and the
// command palette. Every page works without it; nothing here is reachable by it
// alone.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const palette = $("palette");
  const keys = $("keys");
  const input = $("palette-input");
  const list = $("palette-list");
  if (!palette) return;

  const fill = (template, text) => template.replace("%s", () => text);
  const rowLinks = () => [...document.querySelectorAll("tbody a.row-link")];
  const focusedRow = () => document.activeElement?.closest("tr[id^='row-']");

  /** Opens a dialog; the browser gives the focus back when it closes. */
  function open(dialog) {
    if (document.querySelector("dialog[open]")) return;
    dialog.showModal();
  }

  /* ---- the palette ---- */

  let places = null; // what the server lists, once it was asked
  let shown = [];
  let chosen = -1;

  const option = (label, group, act) => ({ label, group, act });

  async function load() {
    if (places) return;
    const answer = await fetch(input.dataset.src, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    places = [...page.querySelectorAll("[role=option]")].map((element) =>
      option(element.firstElementChild.textContent, element.dataset.group, () => location.assign(element.dataset.href)));
  }

  /** What the page itself offers: its moves, and what it unfolds. */
  function actions() {
    const found = [...document.querySelectorAll("main :is(button[name=move], .moves summary, details > summary.card-title)")];
    return found.filter((element) => element.offsetParent !== null && !element.closest(".unfolded")).map((element) =>
      option(element.textContent.trim(), input.dataset.actionsLabel, () => {
        element.focus();
        element.click();
      }));
  }

  /** Lists what fits what was typed: all of its words, in any order. */
  function filter() {
    const typed = input.value.trim();
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ label, group }) => words.every((word) => (label + " " + group).toLowerCase().includes(word));
    shown = [...actions(), ...(places ?? [])].filter(fits);
    if (typed) {
      if (/^[a-z0-9]{4}-?[a-z0-9]{4,5}$/i.test(typed)) {
        shown.unshift(option(fill(input.dataset.findLabel, typed), "", () => location.assign(input.dataset.find + encodeURIComponent(typed))));
      }
      shown.push(option(fill(input.dataset.searchLabel, typed), "", () => location.assign(input.dataset.search + encodeURIComponent(typed))));
    }
    render();
  }

  function render() {
    list.replaceChildren(...shown.map(({ label, group, act }, n) => {
      const item = document.createElement("li");
      item.id = "palette-option-" + n;
      item.setAttribute("role", "option");
      const text = document.createElement("span");
      const hint = document.createElement("span");
      text.textContent = label;
      hint.textContent = group;
      hint.className = "hint";
      item.append(text, hint);
      item.addEventListener("click", () => run(act));
      return item;
    }));
    $("palette-status").textContent = shown.length ? "" : input.dataset.noneLabel;
    choose(shown.length ? 0 : -1);
  }

  function choose(n) {
    chosen = n;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === n)));
    if (n < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    input.setAttribute("aria-activedescendant", list.children[n].id);
    list.children[n].scrollIntoView({ block: "nearest" });
  }

  function run(act) {
    palette.close();
    act();
  }

  async function openPalette() {
    open(palette);
    if (!palette.open) return;
    input.value = "";
    input.focus();
    filter();
    try {
      await load();
      filter();
    } catch {
      $("palette-status").textContent = input.dataset.failedLabel;
    }
  }

  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.isComposing) return; // the key belongs to the input method
    if (event.key in steps && shown.length) {
      event.preventDefault();
      choose((chosen + steps[event.key] + shown.length) % shown.length);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      run(shown[chosen].act);
    }
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
  });

  /* ---- single keys ---- */

  function say(template, text = "") {
    $("desk-status").textContent = fill(template, text);
  }

  /** Goes to the next row, the first when none has the focus. */
  function step(by) {
    const links = rowLinks();
    if (!links.length) return false;
    const now = links.indexOf(focusedRow()?.querySelector("a.row-link"));
    const next = now < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(now + by, 0), links.length - 1);
    links[next].focus();
    return true;
  }

  function openRow() {
    const link = focusedRow()?.querySelector("a.row-link");
    link?.click();
    return !!link;
  }

  function pickRow() {
    const box = focusedRow()?.querySelector("input[name=pick]");
    box?.click();
    return !!box;
  }

  /** Claims the request of the page, or of the row; then the row shows it. */
  async function claim() {
    const button = document.querySelector("main button[name=move][value=claim]");
    if (button) {
      button.click();
      return;
    }
    const link = focusedRow()?.querySelector("a.row-link");
    if (!link) return;
    try {
      const answer = await fetch(link.pathname + "/move", { method: "POST", body: new URLSearchParams({ move: "claim" }) });
      if (!answer.ok) throw new Error(answer.statusText);
      say($("desk-status").dataset.claimed, link.querySelector(".row-code")?.textContent ?? "");
      $("live")?.dispatchEvent(new CustomEvent("changed"));
    } catch {
      say($("desk-status").dataset.failed);
    }
  }

  /** Goes to what fits the request of the page, or of the row. */
  function matches() {
    const part = $("part-suggestions");
    const link = focusedRow()?.querySelector("a.row-link");
    if (part) {
      part.tabIndex = -1;
      part.focus();
      part.scrollIntoView();
    } else if (link) {
      location.assign(link.pathname + "#part-suggestions");
    }
    return !!(part || link);
  }

  function search() {
    const field = $("filter-text") ?? document.querySelector("main input[type=search]");
    field?.focus();
    field?.select();
    return !!field;
  }

  const single = {
    "/": search, j: () => step(1), k: () => step(-1), o: openRow, x: pickRow, a: pickAll,
    c: () => (claim(), true), m: matches, "?": () => (open(keys), true),
  };

  const typing = (element) => element.isContentEditable || element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select");

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (single[event.key]?.()) event.preventDefault();
  });

  for (const button of document.querySelectorAll("[data-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => (button.dataset.open === "palette" ? openPalette() : open(keys)));
  }

  /* ---- the queue ---- */

  /** Says how many are ticked, so that nobody acts on what is out of sight. */
  function countPicked() {
    const bulk = $("bulk");
    const send = bulk?.querySelector("button");
    if (!send) return;
    const n = document.querySelectorAll("input[name=pick]:checked").length;
    send.dataset.label ??= send.textContent.trim();
    send.lastChild.textContent = " " + send.dataset.label + " (" + n + ")";
    send.disabled = n === 0;
  }

  document.addEventListener("change", (event) => {
    if (event.target.name === "pick") countPicked();
  });

  /** Ticks all rows of the page, or none when all are ticked. */
  function pickAll() {
    const boxes = [...document.querySelectorAll("input[name=pick]")];
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
    countPicked();
    return boxes.length > 0;
  }

  const everything = document.querySelector("[data-pick-all]");
  if (everything) {
    everything.hidden = false;
    everything.addEventListener("click", pickAll);
  }
  document.addEventListener("htmx:after:swap", countPicked);
  countPicked();

  /** Keeps empty filters out of the address. */
  document.querySelector("form[data-filters]")?.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) {
      if (value === "") formData.delete(name);
    }
  });
})();
