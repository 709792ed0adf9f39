// What the console does in the browser beyond htmx and base.js. Every page works
// without it.
"use strict";

(() => {
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

  /** Moves a row of tabs that is wider than the window to the one that is shown. */
  function showTabs() {
    for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
      const row = tab.closest(".tabs");
      row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
    }
  }

  passkeys();
  showTabs();
  window.addEventListener("resize", showTabs);
  document.addEventListener("htmx:after:swap", showTabs);
})();
