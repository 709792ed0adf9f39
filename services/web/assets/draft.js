// Keeps what is typed into the forms of the console in this tab until the server has
// taken it: a session that ends, or a refusal, loses nothing. Every
// page works without it.
"use strict";

(() => {
  const PREFIX = "heli-draft-";
  const KEPT_MS = 24 * 60 * 60 * 1000;
  const main = document.getElementById("main");
  const notice = document.getElementById("drafts"); // on pages of the console alone
  const person = main?.dataset.person;
  const page = main?.dataset.page; // which the answer to a form has too

  const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(name + "="))?.slice(name.length + 1);
  const setCookie = (name, value, more = "") => {
    const secure = window.location.protocol === "https:" ? "; secure" : "";
    document.cookie = name + "=" + value + "; path=/console; samesite=lax" + secure + more;
  };

  /* ---- what is kept ---- */

  const read = (key) => JSON.parse(sessionStorage.getItem(key));
  const write = (key, draft) => sessionStorage.setItem(key, JSON.stringify(draft));
  const drafts = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  const drop = (keep) => drafts().filter((key) => !keep(read(key))).forEach((key) => sessionStorage.removeItem(key));

  const typed = (field) => !["hidden", "submit", "button", "file", "password"].includes(field.type);
  const fields = (form) => [...form.elements].filter((f) => f.name && !["submit", "button", "file", "password"].includes(f.type));
  const kept = (form) => form.getAttribute("method") === "post" && form.dataset.draft !== "no" && fields(form).some(typed) &&
    !form.querySelector("[type=password], [autocomplete=one-time-code]");

  // Attributes, since a field may be called id or action.
  const idOf = (form) => form.getAttribute("id");
  const pathOf = (form) => new URL(form.getAttribute("action") || window.location.href, window.location.href).pathname;

  /** Names a form on its page: by its id, else by where it is sent. */
  function keyOf(form) {
    const path = pathOf(form);
    const same = [...document.forms].filter((other) => other.getAttribute("method") === "post" && !idOf(other) && pathOf(other) === path);
    return PREFIX + page + " " + (idOf(form) || path + "." + same.indexOf(form));
  }

  const changed = (field) => {
    if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.options) {
      const usual = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(usual, 0);
    }
    return field.value !== field.defaultValue;
  };

  /** Keeps a form as it stands; sent says that the server has not said yet whether it took it. */
  function keep(form, sent) {
    const key = keyOf(form);
    const old = read(key);
    const values = fields(form).map((f) => [f.name, f.type, f.value, f.checked]);
    const id = old?.id ?? Date.now().toString(36) + Math.random().toString(36).slice(2, 12);
    write(key, { id, person, sent, at: Date.now(), title: titleOf(form), page, values });
    return id;
  }

  function titleOf(form) {
    const near = form.closest("details")?.querySelector("summary") ?? form.closest(".card")?.querySelector(".card-title");
    return [...new Set([document.querySelector("main h1")?.textContent, near?.textContent])].filter(Boolean)
      .map((text) => text.trim().replace(/…$/, "")).join(" · ").slice(0, 120);
  }

  function fill(form, values) {
    const left = [...values];
    for (const field of fields(form)) {
      const choice = field.type === "radio" || field.type === "checkbox";
      const n = left.findIndex(([name, type, value]) => name === field.name && type === field.type && (!choice || value === field.value));
      if (n < 0) continue;
      const [[, , value, checked]] = left.splice(n, 1);
      if (choice) field.checked = checked;
      else field.value = value;
    }
  }

  /* ---- what is shown ---- */

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-quiet";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }

  /** Puts back what was typed, and says so above the form. */
  function restore(form, key, draft) {
    fill(form, draft.values);
    for (let part = form.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    const line = document.createElement("p");
    line.className = "row hint";
    line.setAttribute("role", "status");
    line.dataset.restored = "";
    line.append(notice.dataset.restoredText, button(notice.dataset.discard, () => {
      sessionStorage.removeItem(key);
      line.remove();
      form.reset();
    }));
    form.prepend(line);
  }

  /** Leads to what was sent and not taken, on other pages. */
  function lead(keys) {
    const list = notice.querySelector("ul");
    list.replaceChildren(...keys.map((key) => {
      const draft = read(key);
      const item = document.createElement("li");
      const link = document.createElement("a");
      item.className = "row";
      link.className = "link row-link";
      link.href = draft.page;
      link.textContent = draft.title || draft.page;
      item.append(link, button(notice.dataset.discard, () => {
        sessionStorage.removeItem(key);
        item.remove();
        notice.hidden = !list.children.length;
      }));
      return item;
    }));
    notice.hidden = !keys.length;
  }

  /** Shows a form with room for all the lines that were typed; true when the page is left for it. */
  function makesRoom(form, draft) {
    const lines = draft.values.find(([name]) => name === "lines")?.[2];
    if (!(lines > (form.elements.lines?.value ?? lines)) || window.location.search.includes("lines=")) return false;
    window.location.replace(page + "?lines=" + lines);
    return true;
  }

  function start() {
    const taken = cookie("heli_taken");
    if (taken) setCookie("heli_taken", "", "; max-age=0");
    drop((draft) => draft.id !== taken && draft.person === person && Date.now() - draft.at < KEPT_MS);
    const here = new Set();
    for (const form of main.querySelectorAll("form")) {
      if (!kept(form)) continue;
      const key = keyOf(form);
      const draft = read(key);
      // What came back from the server is newer than what was kept.
      if (draft && "answer" in main.dataset || "returned" in form.dataset) keep(form, false);
      else if (draft) {
        if (makesRoom(form, draft)) return;
        restore(form, key, draft);
      }
      if (draft) here.add(key);
    }
    if (!("answer" in main.dataset)) lead(drafts().filter((key) => read(key).sent && !here.has(key)));
  }

  /** Notes what is being sent: before the script (base.js) that sends it. */
  function send(event) {
    const form = event.target;
    if (pathOf(form) === "/console/logout") return drop(() => false);
    if (!main.contains(form) || !kept(form)) return;
    if (sessionStorage.getItem(keyOf(form)) || fields(form).some(changed)) setCookie("heli_sending", keep(form, true));
  }

  /* ---- */

  if (!main) return;
  if (!person) { // the pages to sign in on: whatever was begun is waited for
    drafts().forEach((key) => write(key, { ...read(key), sent: true }));
    return;
  }
  if (!notice) return;
  const note = ({ target }) => {
    const form = target.form;
    if (!form || !main.contains(form) || !kept(form)) return;
    if (fields(form).some((f) => typed(f) && changed(f)) || "answer" in main.dataset) keep(form, false);
    else sessionStorage.removeItem(keyOf(form));
  };
  document.addEventListener("input", note);
  document.addEventListener("change", note);
  document.addEventListener("submit", send, true);
  start();
})();
