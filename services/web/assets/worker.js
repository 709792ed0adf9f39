// Keeps the public forms for being offline: once opened, a form can be opened and
// filled in without a network, and is sent when there is one (public.js). Nothing
// that somebody typed is kept here.
"use strict";

const KEPT = "heli-forms";
const FORMS = ["/request", "/offer", "/request/print"];

const isForm = (url) => FORMS.includes(url.pathname);
const isAsset = (url) => url.pathname.startsWith("/assets/");

/** A form is asked for anew while there is a network; the same without its query. */
async function formOf(request, url) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    const plain = request.method === "GET" && !url.searchParams.has("for"); // not filled in for an entry of the board
    if (answer.ok && plain) await kept.put(url.pathname, answer.clone());
    return answer;
  } catch (lost) {
    const page = await kept.match(url.pathname);
    if (page) return page;
    throw lost;
  }
}

/** An asset's address changes with its content, so what is kept is right. */
async function assetOf(request) {
  const kept = await caches.open(KEPT);
  const found = await kept.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await kept.put(request, answer.clone());
  return answer;
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) return;
  if (isForm(url) && event.request.mode === "navigate") event.respondWith(formOf(event.request, url));
  else if (isAsset(url) && event.request.method === "GET") event.respondWith(assetOf(event.request));
});
