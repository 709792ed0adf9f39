// What the console does in the browser beyond htmx and base.js. Every page works
// without it.
"use strict";

(() => {
  const fields = (form) => [...form.elements].filter((field) => field.name && !["submit", "file", "password"].includes(field.type));
  const pack = (form) => fields(form).map((f) => [f.name, f.type, f.value, f.checked]);

  /** Puts what pack kept back into a form. */
  function fill(form, saved) {
    const left = [...saved];
    for (const field of fields(form)) {
      const choice = field.type === "radio" || field.type === "checkbox";
      const n = left.findIndex(([name, type, value]) =>
        name === field.name && type === field.type && (!choice || value === field.value));
      if (n < 0) continue;
      const [[, , value, checked]] = left.splice(n, 1);
      if (choice) field.checked = checked;
      else field.value = value;
    }
  }

  const DRAFT = "heli-draft-";

  /** Whoever signs out leaves nothing typed behind. */
  function forgetDrafts() {
    document.addEventListener("submit", (event) => {
      if (new URL(event.target.action).pathname !== "/console/logout") return;
      for (const name of Object.keys(sessionStorage)) {
        if (name.startsWith(DRAFT)) sessionStorage.removeItem(name);
      }
    });
  }

  /**
   * Keeps what is typed into a form marked data-draft in this tab, until it has been
   * saved or somebody signs out: a session that ends in the middle loses nothing.
   */
  function keepDrafts() {
    const key = (name) => DRAFT + name;
    const shown = new Set();
    for (const form of document.querySelectorAll("form[data-draft]")) {
      const name = key(form.dataset.draft);
      shown.add(form.dataset.draft);
      const saved = sessionStorage.getItem(name);
      const lines = saved && JSON.parse(saved).find(([field]) => field === "lines")?.[2];
      if (lines > 1 && !form.dataset.returned && !window.location.search) {
        window.location.replace(window.location.pathname + "?lines=" + lines); // has room for them all
        return;
      }
      // What came back from the server is newer than what was kept.
      if (saved && !form.dataset.returned) fill(form, JSON.parse(saved));
      const keep = () => sessionStorage.setItem(name, JSON.stringify(pack(form)));
      form.addEventListener("input", keep);
      form.addEventListener("change", keep);
      form.addEventListener("submit", keep);
      if (form.dataset.returned) keep();
    }
    const saved = document.querySelector("[data-draft-saved]");
    if (saved) sessionStorage.removeItem(key(saved.dataset.draftSaved));
    for (const notice of document.querySelectorAll("[data-draft-notice]")) {
      const name = notice.dataset.draftNotice;
      notice.hidden = shown.has(name) || !sessionStorage.getItem(key(name));
    }
  }

  const UNSENT = DRAFT + "unsent";
  const person = () => document.querySelector(".console-name")?.textContent.trim();

  /** The form of this page that is the one that was kept: same fields, same act. */
  function formOf(kept) {
    const value = new Map(kept.values.map(([name, , typed]) => [name, typed]));
    const same = (field) => value.has(field.name) && (field.name !== "move" || field.value === value.get("move"));
    return [...document.querySelectorAll("form[method=post]")].find((form) =>
      form.getAttribute("action") === kept.action && fields(form).every(same) &&
      [...form.querySelectorAll("[type=submit]")].some((button) => button.name === kept.button[0] && button.value === kept.button[1]));
  }

  /**
   * Keeps a form in this tab that was answered by the page to sign in on, and offers
   * it again to the same person: there it is as it was typed, with what they had seen.
   */
  function keepUnsent() {
    document.addEventListener("heli:answered", ({ target: form, detail: { to, button } }) => {
      const ended = to && new URL(to, window.location.href).pathname === "/console/login";
      if (!ended || form.dataset.draft || form.getAttribute("action") === "/console/logout") return;
      sessionStorage.setItem(UNSENT, JSON.stringify({
        person: person(), page: window.location.pathname + window.location.search, title: document.title.split(" · ")[0],
        action: form.getAttribute("action"), button: [button?.name ?? "", button?.value ?? ""], values: pack(form),
      }));
    });
    const kept = JSON.parse(sessionStorage.getItem(UNSENT) || "null");
    const notice = document.querySelector("[data-unsent]");
    if (!kept || !notice) return;
    const here = window.location.pathname + window.location.search === kept.page;
    const form = here && formOf(kept);
    if (kept.person !== person() || form) sessionStorage.removeItem(UNSENT);
    if (kept.person !== person()) return;
    if (form) {
      restore(form, kept.values);
      return;
    }
    const typed = kept.values.filter(([, type, value]) => /^(text|textarea|search|tel|email|number)$/.test(type) && value);
    notice.hidden = false;
    notice.querySelector("[data-unsent-title]").textContent = kept.title;
    notice.querySelector("[data-unsent-typed]").textContent = here ? typed.map(([, , value]) => value).join(" · ") : "";
    notice.querySelector("a").href = kept.page;
    notice.querySelector("a").hidden = here;
    notice.querySelector("button").addEventListener("click", () => {
      sessionStorage.removeItem(UNSENT);
      notice.hidden = true;
    });
  }

  /** Fills a form with what was kept, and shows it. */
  function restore(form, values) {
    fill(form, values);
    for (let at = form; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    form.dispatchEvent(new Event("input", { bubbles: true }));
    form.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  }

  const fromBase64 = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const toBase64 = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

  /** What a server wrote as JSON, as the browser's passkey functions want it. */
  function passkeyOptions(options) {
    options.challenge = fromBase64(options.challenge);
    if (options.user) options.user.id = fromBase64(options.user.id);
    for (const list of ["excludeCredentials", "allowCredentials"]) {
      for (const credential of options[list] ?? []) credential.id = fromBase64(credential.id);
    }
    return options;
  }

  /** A passkey's answer as JSON (WebAuthn Level 3, section 5.1). */
  function passkeyAnswer(credential) {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = toBase64(credential.response[part]);
    }
    response.transports = credential.response.getTransports?.();
    return JSON.stringify({
      id: credential.id, rawId: toBase64(credential.rawId), type: credential.type, response,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  }

  async function askPasskey(form) {
    const answer = await fetch(form.dataset.ask, { method: "POST", headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const { publicKey } = await answer.json();
    const kind = form.dataset.passkey;
    const credential = await navigator.credentials[kind]({ publicKey: passkeyOptions(publicKey) });
    form.querySelector("[data-passkey-answer]").value = passkeyAnswer(credential);
    form.submit();
  }

  /** Forms that send a passkey's answer; they show where the browser has any. */
  function passkeys() {
    if (!window.PublicKeyCredential) return;
    for (const form of document.querySelectorAll("form[data-passkey]")) {
      form.hidden = false;
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const failed = form.querySelector("[role=alert]");
        failed.hidden = true;
        try {
          await askPasskey(form);
        } catch {
          failed.textContent = form.dataset.failed;
          failed.hidden = false;
        }
      });
    }
  }

  passkeys();
  keepDrafts();
  keepUnsent();
  forgetDrafts();
})();
