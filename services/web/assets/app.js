// What the pages do in the browser beyond htmx. Every page works without it.
"use strict";

(() => {
  /** Leaves at once: blanks the page and keeps it out of the way back. */
  function leave(link) {
    document.documentElement.hidden = true;
    window.location.replace(link.href);
  }

  function quickExit() {
    const link = document.querySelector("[data-quick-exit]");
    if (!link) return;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      leave(link);
    });
    let presses = 0;
    document.addEventListener("keydown", (event) => {
      presses = event.key === "Escape" ? presses + 1 : 0;
      if (presses === 3) leave(link);
    });
  }

  /** Sends the token after # by POST and takes it out of address and history. */
  function sendHash() {
    const form = document.querySelector("form[data-hash-form]");
    const token = window.location.hash.slice(1);
    if (!form || token.length < 16) return;
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    form.hidden = false;
    form.elements.token.value = token;
    form.submit();
  }

  /** Copies a text; without the clipboard (plain http) the text is selected. */
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.querySelector("[aria-live]").textContent = button.dataset.copied;
    } catch {
      window.getSelection().selectAllChildren(button.previousElementSibling);
    }
  }

  function copyButtons(root) {
    for (const button of root.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.onclick = () => copy(button);
    }
  }

  /** Warns before a form marked data-guard is left with something typed in it. */
  function guardForms() {
    let unsent = false;
    document.addEventListener("input", (event) => {
      if (event.target.closest("form[data-guard]")) unsent = true;
    });
    document.addEventListener("submit", () => (unsent = false));
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-quick-exit]")) unsent = false;
    }, true);
    window.addEventListener("beforeunload", (event) => {
      if (unsent) event.preventDefault();
    });
  }

  /**
   * Answers the challenge of a form while somebody types, so that it can be told
   * from a program. Without workers the form goes without an answer.
   */
  function proveForm(form) {
    const { challenge, proof } = form.elements;
    if (!challenge.value || proof.value || !window.Worker) return;
    let worker;
    let early = null; // how the form was sent before the answer was there
    const done = (answer) => {
      proof.value = answer;
      worker.terminate();
      form.removeAttribute("aria-busy");
      if (early) form.requestSubmit(early.submitter);
    };
    const begin = () => {
      if (worker) return;
      worker = new Worker(form.dataset.proof);
      worker.onmessage = ({ data }) => done(data);
      worker.onerror = () => done("");
      worker.postMessage(challenge.value);
    };
    form.addEventListener("input", begin, { once: true });
    form.addEventListener("submit", (event) => {
      if (proof.value || early || event.submitter?.formNoValidate) return;
      event.preventDefault();
      early = { submitter: event.submitter };
      form.setAttribute("aria-busy", "true");
      begin();
    });
    if (form.querySelector("[aria-invalid]")) begin();
  }

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

  /** Shows whether the live stream of a console page is up. */
  function liveIndicator() {
    const live = document.getElementById("live");
    if (!live || live.dataset.state === "none") return;
    const show = (state) => {
      if (live.dataset.state === state) return;
      live.dataset.state = state;
      live.textContent = live.dataset[state];
    };
    live.addEventListener("htmx:sse:after:connection", () => show("on"));
    for (const event of ["htmx:sse:error", "htmx:sse:close", "htmx:sse:before:connection"]) {
      live.addEventListener(event, () => show("off"));
    }
  }

  /** Tells the server the reader's zone, so that times are the reader's own. */
  function rememberZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && !document.cookie.includes("heli_zone=" + zone)) {
      const secure = window.location.protocol === "https:" ? "; secure" : "";
      document.cookie = "heli_zone=" + zone + "; path=/; max-age=31536000; samesite=lax" + secure;
    }
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

  quickExit();
  sendHash();
  passkeys();
  copyButtons(document);
  guardForms();
  document.querySelectorAll("form[data-proof]").forEach(proveForm);
  keepDrafts();
  liveIndicator();
  rememberZone();
  document.addEventListener("htmx:after:swap", () => copyButtons(document));
  document.querySelector("[data-error-summary]")?.focus();
})();
