// What the console does in the browser beyond htmx and base.js. Every page works
// without it.
"use strict";

(() => {
  /**
   * Keeps what is typed into a form marked data-draft in this tab, until it has been
   * saved or somebody signs out: a session that ends in the middle loses nothing.
   */
  function keepDrafts() {
    const key = (name) => "heli-draft-" + name;
    const fields = (form) => [...form.elements].filter((field) => field.name && field.type !== "submit");
    const pack = (form) => JSON.stringify(fields(form).map((f) => [f.name, f.type, f.value, f.checked]));
    const fill = (form, saved) => {
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
    };
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
      const keep = () => sessionStorage.setItem(name, pack(form));
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
    document.addEventListener("submit", (event) => {
      if (new URL(event.target.action).pathname !== "/console/logout") return;
      for (const name of Object.keys(sessionStorage)) {
        if (name.startsWith("heli-draft-")) sessionStorage.removeItem(name);
      }
    });
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
})();
