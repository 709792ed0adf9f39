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

  let unsent = false;

  /** Warns before a form marked data-guard is left with something typed in it. */
  function guardForms() {
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

  const SLOW_MS = 800; // until a page says that it is still sending
  const FIRST_MS = 1000;
  const MOST_MS = 30000;
  const LONGEST_MS = 45000; // for an answer; a file may take longer

  const notice = document.querySelector("[data-connection]");

  /** Says how it stands with the connection; nothing for "". */
  function tell(state) {
    if (!notice) return;
    notice.hidden = !state;
    notice.querySelector("[data-connection-text]").textContent = state ? notice.dataset[state] : "";
  }

  /** Shows the page that a form was answered with in the place of this one. */
  function show(html) {
    document.open();
    document.write(html);
    document.close();
  }

  /** Saves what a form was answered with on the device; the page stays. */
  function save(name, file) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), MOST_MS);
  }

  /** Goes where a form leads, also when that is another place on this page. */
  function go(address) {
    const to = new URL(address, window.location.href);
    const here = to.pathname + to.search === window.location.pathname + window.location.search;
    window.location.assign(to.href);
    if (here && to.hash) window.location.reload();
  }

  /**
   * Posts a form and returns the page or the file that answers it, or the address to
   * go on to, so that it is loaded once. It throws where nobody answered, or only to come again.
   */
  async function post(action, body) {
    const ends = window.AbortController && !(body instanceof FormData) ? new AbortController() : null;
    const timer = ends && window.setTimeout(() => ends.abort(), LONGEST_MS);
    try {
      const answer = await fetch(action, {
        method: "POST", body, credentials: "same-origin", headers: { "Heli-Send": "1" }, signal: ends ? ends.signal : undefined,
      });
      const busy = answer.status === 503 && answer.headers.has("Retry-After");
      // What a proxy says while nobody is behind it is no answer of ours.
      if (busy || answer.status === 502 || answer.status === 504) throw new Error(answer.statusText);
      const file = /^attachment.*filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") || "");
      if (file) return { name: file[1], file: await answer.blob() };
      return { to: answer.headers.get("HX-Redirect"), html: await answer.text() };
    } finally {
      window.clearTimeout(timer);
    }
  }

  /** Half to one and a half of a time that doubles, or until the network is back. */
  const pause = (tries) => new Promise((resolve) => {
    const timer = window.setTimeout(resolve, Math.min(FIRST_MS * Math.pow(2, tries), MOST_MS) * (0.5 + Math.random()));
    window.addEventListener("online", () => {
      window.clearTimeout(timer);
      resolve();
    }, { once: true });
  });

  /** What a form sends: what is filled in, and the button that was pressed. */
  function bodyOf(form, button) {
    const filled = new FormData(form);
    if (button && button.name) filled.append(button.name, button.value);
    return form.enctype === "multipart/form-data" ? filled : new URLSearchParams([...filled]);
  }

  /** Posts until there is an answer, and says meanwhile how it stands. */
  async function answerTo(action, body) {
    for (let tries = 0; ; tries++) {
      const slow = window.setTimeout(() => tell("sending"), SLOW_MS);
      try {
        return await post(action, body);
      } catch (lost) {
        tell("waiting");
        await pause(tries);
      } finally {
        window.clearTimeout(slow);
      }
    }
  }

  /**
   * Sends a form without leaving its page before there is an answer: when the
   * connection is lost the page says so, keeps what was typed and tries again by
   * itself. Every form may be sent twice, so an answer that was lost does no harm.
   */
  async function deliver(form, button) {
    const action = (button && button.getAttribute("formaction")) || form.getAttribute("action") || window.location.href;
    form.setAttribute("aria-busy", "true");
    unsent = true;
    const answer = await answerTo(action, bodyOf(form, button));
    unsent = false;
    form.dispatchEvent(new CustomEvent("heli:answered", { bubbles: true, detail: { to: answer.to, button } }));
    if (answer.file) {
      form.removeAttribute("aria-busy");
      tell("");
      save(answer.name, answer.file);
    } else if (answer.to) go(answer.to);
    else show(answer.html);
  }

  /** The button that sends a form; old browsers do not tell, but it was pressed last. */
  let pressed = null;
  const buttonOf = (event) => event.submitter || (pressed && event.target.contains(pressed) ? pressed : null);

  /** Passwords are sent by the browser, which may keep them; so are forms marked data-native. */
  const ours = (form) => form.getAttribute("method") === "post" && !form.matches("[data-native]") && !form.querySelector("[type=password]");

  function deliverForms() {
    window.addEventListener("offline", () => tell(document.querySelector("form[aria-busy]") ? "waiting" : "offline"));
    window.addEventListener("online", () => tell(""));
    if (!navigator.onLine) tell("offline");
    if (!window.fetch) return;
    window.addEventListener("pageshow", () => { // also when somebody comes back to a page that was left
      for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
    });
    document.addEventListener("click", (event) => (pressed = event.target.closest("button")), true);
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (event.defaultPrevented || !ours(form)) return;
      event.preventDefault();
      if (!form.hasAttribute("aria-busy")) deliver(form, buttonOf(event));
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
  deliverForms();
  rememberZone();
  document.addEventListener("htmx:after:swap", copyButtons);
  const summary = document.querySelector("[data-error-summary]");
  if (summary) summary.focus();
})();
