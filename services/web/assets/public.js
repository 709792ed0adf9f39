// What public pages do in the browser beyond base.js: leaving at once, private
// links, and help with the forms. Every page works without it. Written in ES2017,
// which old phones and the browser inside WeChat understand.
"use strict";

(() => {
  const DRAFT = "heli-draft:";
  const DRAFT_LIFE_MS = 7 * 24 * 60 * 60 * 1000;
  const TYPING_MS = 400;

  /** Runs fn with what the device keeps; private windows may keep nothing. */
  function withStorage(fn) {
    try {
      return fn(window.localStorage);
    } catch (refused) {
      return null;
    }
  }

  function forgetDrafts() {
    withStorage((kept) => {
      for (const name of Object.keys(kept)) {
        if (name.startsWith(DRAFT)) kept.removeItem(name);
      }
    });
  }

  /** Forgets what is kept on the device: drafts, and the pages for being offline. */
  function forgetAll() {
    forgetDrafts();
    if (navigator.serviceWorker) {
      navigator.serviceWorker.getRegistrations().then((all) => all.forEach((one) => one.unregister())).catch(() => {});
    }
    if (window.caches) window.caches.delete("heli-forms").catch(() => {});
  }

  /** Leaves at once: blanks the page and keeps it out of the way back. */
  function leave(link) {
    document.documentElement.hidden = true;
    forgetAll();
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

  /** Sends a form as its button would; old browsers have no requestSubmit. */
  function send(form, button) {
    if (button) button.click();
    else if (form.requestSubmit) form.requestSubmit();
    else form.querySelector("button.btn-primary[type=submit], button.btn-primary").click();
  }

  /** The button that sends a form; old browsers do not tell, but it was pressed last. */
  let pressed = null;
  document.addEventListener("click", (event) => (pressed = event.target.closest("button[type=submit]")), true);
  const buttonOf = (event) => event.submitter || (pressed && event.target.contains(pressed) ? pressed : null);

  /** Whether a form is sent for something else than to be taken, such as a line more. */
  const unchecked = (event) => {
    const button = buttonOf(event);
    return Boolean(button && button.formNoValidate);
  };

  /**
   * Answers the challenge of a form while somebody types, so that it can be told
   * from a program. Without workers the form goes without an answer.
   */
  function proveForm(form) {
    const { challenge, proof } = form.elements;
    if (!challenge.value || proof.value || !window.Worker) return;
    let worker;
    let answered = false;
    let early = null; // how the form was sent before the answer was there
    const done = (answer) => {
      answered = true;
      proof.value = answer;
      worker.terminate();
      form.removeAttribute("aria-busy");
      if (early) send(form, early.button);
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
      if (event.defaultPrevented || answered || unchecked(event)) return;
      event.preventDefault();
      if (early) return;
      early = { button: buttonOf(event) };
      form.setAttribute("aria-busy", "true");
      begin();
    });
    if (form.querySelector("[aria-invalid]")) begin();
  }

  /** Posts to the server and puts the part of a page that it answers in place. */
  async function load(path, body, target) {
    const answer = await fetch(path, {
      method: "POST", body: new URLSearchParams(body), headers: { "HX-Request": "true" }, credentials: "same-origin",
    });
    if (!answer.ok) throw new Error(answer.statusText);
    target.outerHTML = await answer.text();
  }

  function typedLater(field, fn) {
    let timer = 0;
    field.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(fn, TYPING_MS);
    });
  }

  /** Shows the regions that fit a typed place, or lie at the reader's position. */
  function places(form) {
    const field = form.elements.place;
    if (!field) return;
    const show = (body) => load("/places", body, document.getElementById("places"));
    typedLater(field, () => show({ place: field.value }).catch(() => {}));
    const button = form.querySelector("[data-position]");
    if (!button || !navigator.geolocation) return;
    button.hidden = false;
    const failed = () => (button.querySelector("[aria-live]").textContent = button.dataset.failed);
    button.addEventListener("click", () => {
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        // About a kilometre is enough to name the place, and all that leaves the phone.
        show({ lat: coords.latitude.toFixed(2), lon: coords.longitude.toFixed(2) }).then(() => {
          const asked = form.elements.place_asked;
          if (asked) field.value = asked.value;
          else failed();
        }).catch(failed);
      }, failed, { maximumAge: 600000, timeout: 15000 });
    });
  }

  /** Proposes categories for what was said in one's own words; the reader confirms. */
  function categories(form) {
    const target = () => document.getElementById("categories");
    if (!target() || !form.elements.title) return;
    const list = form.dataset.categories;
    const { title, description } = form.elements;
    const ask = () => load("/categories", { text: title.value, more: description.value }, target())
      .then(() => form.dispatchEvent(new Event("change"))).catch(() => {});
    typedLater(title, ask);
    typedLater(description, ask);
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-category]");
      if (!button) return;
      const choice = form.querySelector(`[name="${list}[0].category"][value="${button.dataset.category}"]`);
      if (!choice) return;
      choice.checked = true;
      choice.dispatchEvent(new Event("input", { bubbles: true }));
      choice.dispatchEvent(new Event("change", { bubbles: true })); // psychological help brings the numbers to call
      choice.focus();
    });
  }

  const SPEECH = { "zh-Hans": "zh-CN", "zh-Hant": "zh-HK", en: "en-US" };

  /** Writes what is said into a text field, where the browser can listen. */
  function voice(form) {
    const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition;
    if (!Recognition) return;
    for (const button of form.querySelectorAll("[data-voice]")) {
      const field = form.elements[button.dataset.voice];
      const said = button.querySelector("[aria-live]");
      button.hidden = false;
      button.addEventListener("click", () => {
        const listening = new Recognition();
        listening.lang = SPEECH[document.documentElement.lang] || "zh-CN";
        listening.onstart = () => (said.textContent = button.dataset.listening);
        listening.onerror = () => (said.textContent = button.dataset.failed);
        listening.onend = () => {
          if (said.textContent === button.dataset.listening) said.textContent = "";
        };
        listening.onresult = ({ results }) => {
          field.value = (field.value + " " + results[0][0].transcript).trim();
          field.dispatchEvent(new Event("input", { bubbles: true }));
        };
        listening.start();
      });
    }
  }

  /** Shows one group of questions at a time on a phone, with how far one is. */
  function steps(form) {
    const bar = form.querySelector("[data-steps]");
    if (!bar || !window.matchMedia("(max-width: 40rem)").matches) return;
    const groups = [...form.querySelectorAll("[data-step]")];
    const [back, next] = [bar.querySelector("[data-back]"), bar.querySelector("[data-next]")];
    const wrongIn = (group) => [...group.querySelectorAll("input, select, textarea")].find((field) => !field.checkValidity());
    let at = Math.max(0, groups.findIndex((group) => group.querySelector("[aria-invalid]")));

    const show = (n, focus) => {
      at = n;
      groups.forEach((group, i) => {
        group.hidden = i !== at;
        if (group.tagName === "DETAILS") group.open = true;
      });
      bar.querySelector("progress").max = groups.length;
      bar.querySelector("progress").value = at + 1;
      bar.querySelector("[data-step-text]").textContent =
        bar.dataset.steps.replace("{step}", at + 1).replace("{steps}", groups.length);
      back.hidden = at === 0;
      next.hidden = at === groups.length - 1;
      if (!focus) return;
      groups[at].focus();
      (document.querySelector(".crisis-strong") || bar).scrollIntoView({ block: "start" });
    };
    const forward = () => {
      const wrong = wrongIn(groups[at]);
      if (wrong) wrong.reportValidity();
      else show(at + 1, true);
    };

    bar.hidden = false;
    form.noValidate = true; // a field of a hidden step cannot show what is wrong
    groups.forEach((group) => group.setAttribute("tabindex", "-1"));
    form.append(bar.querySelector("[data-step-buttons]"));
    back.addEventListener("click", () => show(at - 1, true));
    next.addEventListener("click", forward);
    form.addEventListener("submit", (event) => {
      if (unchecked(event)) return;
      if (at < groups.length - 1) {
        event.preventDefault();
        forward();
        return;
      }
      const n = groups.findIndex(wrongIn);
      if (n < 0) return;
      event.preventDefault();
      show(n, true);
      wrongIn(groups[n]).reportValidity();
    }, true);
    for (const link of document.querySelectorAll("[data-error-summary] a")) {
      link.addEventListener("click", () => {
        const field = document.querySelector(link.getAttribute("href"));
        const n = groups.findIndex((group) => field && group.contains(field));
        if (n >= 0) show(n, false);
      });
    }
    show(at, false);
  }

  /** Fields that belong to one sending of a form and are no draft. */
  const OWN = ["key", "challenge", "proof", "trap", "consent", "do"];

  const draftOf = (form) => [...new FormData(form)].filter(([name, value]) => !OWN.includes(name) && value !== "");

  /** Sends a draft back to the server, which shows the form with it. */
  function resume(form, values) {
    const again = document.createElement("form");
    again.method = "post";
    again.action = form.getAttribute("action");
    const own = [["do", "resume"], ["key", form.elements.key.value], ["challenge", form.elements.challenge.value]];
    for (const [name, value] of [...own, ...values]) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      again.append(field);
    }
    again.hidden = true;
    document.body.append(again);
    again.submit();
  }

  /** Keeps what is typed on this device alone, and offers it again. */
  function drafts(form) {
    const name = DRAFT + form.getAttribute("action");
    const offer = document.querySelector("[data-draft]");
    const kept = withStorage((store) => JSON.parse(store.getItem(name) || "null"));
    const save = () => withStorage((store) => store.setItem(name, JSON.stringify({ at: Date.now(), values: draftOf(form) })));
    let touched = false;
    form.addEventListener("input", () => {
      touched = true;
      if (offer) offer.hidden = true;
      save();
    });
    // What is only the form as it came is no draft.
    window.addEventListener("pagehide", () => touched && withStorage((store) => store.getItem(name)) && save());
    if (!kept || !offer || form.dataset.typed !== undefined) return;
    if (Date.now() - kept.at > DRAFT_LIFE_MS) {
      withStorage((store) => store.removeItem(name));
      return;
    }
    offer.hidden = false;
    offer.querySelector("[data-draft-time]").textContent = new Date(kept.at).toLocaleString(document.documentElement.lang);
    offer.querySelector("[data-draft-resume]").addEventListener("click", () => {
      if (navigator.onLine) resume(form, kept.values);
      else fill(form, kept.values);
      offer.hidden = true;
    });
    offer.querySelector("[data-draft-forget]").addEventListener("click", () => {
      withStorage((store) => store.removeItem(name));
      offer.hidden = true;
    });
  }

  /** Puts a draft into a form that the server cannot be asked for. */
  function fill(form, values) {
    for (const [name, value] of values) {
      for (const field of form.querySelectorAll(`[name="${name}"]`)) {
        if (field.type === "radio" || field.type === "checkbox") field.checked = field.checked || field.value === value;
        else field.value = value;
      }
    }
  }

  /**
   * A page that is kept for being offline may be filled in twice: two requests. One
   * that came back from the server keeps its key, and so stays one.
   */
  function freshKey(form) {
    if (form.dataset.typed !== undefined) return;
    const raw = window.crypto.getRandomValues(new Uint8Array(16));
    form.elements.key.value = btoa(String.fromCharCode(...raw)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  }

  /** Keeps the form's page for being offline. */
  function keepPage() {
    if (navigator.serviceWorker && window.isSecureContext) navigator.serviceWorker.register("/worker.js").catch(() => {});
  }

  /** Puts the numbers to call before everything else when life is at risk. */
  function crisisFirst(form) {
    const lines = document.querySelector("[data-crisis]");
    if (!lines) return;
    form.addEventListener("change", () => {
      const at = (css) => form.querySelector(css);
      const risk = at('[name="urgency"][value="critical"]:checked') || at('[name="need_lines[0].category"][value="psych"]:checked') ||
        at('[name="vulnerability"][value="violence"]:checked') || at("#categories[data-danger]");
      lines.classList.toggle("crisis-strong", Boolean(risk));
    });
  }

  quickExit();
  sendHash();
  window.addEventListener("hashchange", sendHash); // a link that was opened in this very tab
  if (document.querySelector("[data-sent]")) forgetDrafts();
  for (const form of document.querySelectorAll("form[data-proof]")) {
    steps(form);
    freshKey(form);
    drafts(form);
    proveForm(form);
    places(form);
    categories(form);
    voice(form);
    crisisFirst(form);
    keepPage();
  }
})();
