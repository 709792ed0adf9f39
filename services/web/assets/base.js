// What every page does in the browser. Every page works without it. Written in
// ES2017, which old phones and the browser inside WeChat understand.
"use strict";

(() => {
  /** Copies a text; without the clipboard (plain http) the text is selected. */
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.querySelector("[aria-live]").textContent = button.dataset.copied;
    } catch (refused) {
      window.getSelection().selectAllChildren(button.previousElementSibling);
    }
  }

  function copyButtons() {
    for (const button of document.querySelectorAll("[data-copy]")) {
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

  /** Tells the server the reader's zone, so that times are the reader's own. */
  function rememberZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && !document.cookie.includes("heli_zone=" + zone)) {
      const secure = window.location.protocol === "https:" ? "; secure" : "";
      document.cookie = "heli_zone=" + zone + "; path=/; max-age=31536000; samesite=lax" + secure;
    }
  }

  copyButtons();
  guardForms();
  rememberZone();
  document.addEventListener("htmx:after:swap", copyButtons);
  const summary = document.querySelector("[data-error-summary]");
  if (summary) summary.focus();
})();
