// Keeps what an open page of the console shows up to date: says whether it is, and
// has a part that could not be loaded try again. Every page works without it.
"use strict";

(() => {
  const FIRST_MS = 1000;
  const MOST_MS = 30000;
  /** Answers after which the same may be asked for again; the page keeps what it shows. */
  const passes = (status) => status >= 500 || status === 429 || status === 408;

  const live = document.getElementById("live");
  const opened = new Date();
  const loaded = new Map(); // when a part was loaded last, by its id
  const waits = new Map(); // for what tries again, by its id
  let connected = false;

  /** Half to one and a half of a time that doubles, so that not all come at once. */
  const waitFor = (tries) => Math.min(FIRST_MS * 2 ** tries, MOST_MS) * (0.5 + Math.random());

  function show() {
    if (!live || live.dataset.state === "none") return;
    const state = !connected ? "off" : [...waits.keys()].some((id) => id !== live.id) ? "behind" : "on";
    if (live.dataset.state === state) return;
    live.dataset.state = state;
    live.textContent = live.dataset[state];
  }

  /** Says in a part since when it is behind; what is loaded says so no more. */
  function mark(part) {
    const notice = part.querySelector(":scope > .behind");
    if (!notice) return;
    const since = loaded.get(part.id) ?? opened;
    notice.textContent = notice.dataset.behind.replace("%s", since.toLocaleTimeString(document.documentElement.lang));
    notice.hidden = false;
  }

  /** Has something asked for again after a wait, which grows with every failure. */
  function retryLater(id, ask) {
    const wait = waits.get(id) ?? { tries: 0 };
    waits.set(id, wait);
    clearTimeout(wait.timer);
    wait.due = false;
    wait.ask = ask;
    wait.timer = setTimeout(() => {
      wait.due = true;
      ask();
    }, waitFor(wait.tries++));
  }

  function settle(id) {
    clearTimeout(waits.get(id)?.timer);
    waits.delete(id);
  }

  /** What was behind is asked for soon, as the way to the server is open again. */
  function retrySoon() {
    for (const [id, wait] of waits) {
      if (!document.getElementById(id)) settle(id);
      else if (!wait.due) {
        wait.tries = 0;
        retryLater(id, wait.ask);
      }
    }
  }

  let typed = false; // into a form that has not been sent
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[method=post]")) typed = true;
  });

  /** Leads to the page to sign in on; what somebody is typing stays until they send it. */
  function ended() {
    const restored = document.querySelector("[data-restored]"); // by draft.js
    if (!typed && !restored) window.location.reload();
    else document.querySelector("[data-ended]")?.removeAttribute("hidden");
  }

  const connect = () => htmx.ajax("GET", live.getAttribute("hx-sse:connect"), { source: live });

  // While a part waits for its next try, changes do not ask for it: a server that
  // has too much to do is left alone.
  document.addEventListener("htmx:before:request", (event) => {
    const wait = waits.get(event.detail.ctx.sourceElement.id);
    if (wait && !wait.due) event.preventDefault();
  });

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const element = ctx.sourceElement;
    const lost = String(ctx.status).startsWith("error");
    if (!lost && ctx.response?.status === 401) ended();
    if (!element.id || !(lost || ctx.response)) return;
    if (lost || passes(ctx.response.status)) {
      if (element === live) retryLater(live.id, connect); // the first connection; the stream itself sees to later ones
      else {
        retryLater(element.id, () => htmx.trigger("#" + element.id, "retry", {}, false));
        mark(element);
      }
    } else {
      settle(element.id);
      loaded.set(element.id, new Date());
    }
    show();
  });

  window.addEventListener("online", retrySoon);
  if (!live || live.dataset.state === "none") return;
  const turn = (to) => () => {
    connected = to;
    if (to) document.querySelector("[data-ended]")?.setAttribute("hidden", "");
    show();
  };
  live.addEventListener("htmx:sse:after:connection", turn(true));
  live.addEventListener("htmx:sse:after:connection", retrySoon);
  for (const event of ["htmx:sse:error", "htmx:sse:close", "htmx:sse:before:connection"]) {
    live.addEventListener(event, turn(false));
  }
  live.addEventListener("ended", ended);
  live.addEventListener("htmx:sse:error", ({ detail }) => {
    if (detail.status === 401) ended();
  });
})();
