// Live pages. The server says that something changed; the page reads its fragment again and
// changes only what differs, so that focus, selection and scroll position stay. What a person is
// writing is outside the fragment and is never touched.
"use strict";

const region = document.querySelector("[data-live][data-fragment]");
const stale = document.querySelector(".stale");
const news = document.querySelector("[data-news]");
const title = document.title;
const EVERY = 15_000; // waiting times go on without any signal

// Makes `have` like `want`. Elements with an id are the same element wherever they stand.
function patch(have, want) {
  if (have.isEqualNode(want)) return;
  if (have.nodeType !== Node.ELEMENT_NODE) {
    have.nodeValue = want.nodeValue;
    return;
  }
  // What a person has opened stays open.
  const theirs = (name) => name === "open" && have.nodeName === "DETAILS";
  for (const name of have.getAttributeNames()) if (!want.hasAttribute(name) && !theirs(name)) have.removeAttribute(name);
  for (const name of want.getAttributeNames()) have.setAttribute(name, want.getAttribute(name));
  const wanted = new Set([...want.children].map((child) => child.id).filter(Boolean));
  for (const child of [...have.children]) if (child.id && !wanted.has(child.id)) child.remove();
  let at = have.firstChild;
  for (const fresh of [...want.childNodes]) {
    const named = fresh.id && [...have.children].find((child) => child.id === fresh.id);
    if (named) {
      // What stands before it and has no name makes room: moving it would take its focus away.
      while (at !== named && at && !at.id) at = drop(at);
      if (at !== named) have.insertBefore(named, at);
    }
    const same = named || (at && !at.id && !fresh.id && at.nodeName === fresh.nodeName && at);
    if (same) {
      patch(same, fresh);
      at = same.nextSibling;
    } else {
      have.insertBefore(document.importNode(fresh, true), at);
    }
  }
  while (at) at = drop(at);
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

let wanted = false;
let reading = false;

async function refresh() {
  wanted = true;
  if (reading) return;
  reading = true;
  try {
    while (wanted) {
      wanted = false;
      const response = await fetch(region.dataset.fragment, { headers: { Accept: "text/html" } });
      // The session has ended: to the sign-in page, as any click would, and back here afterwards. What was
      // being written is kept (see below).
      if (response.redirected) return location.reload();
      if (!response.ok) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const want = region.cloneNode(false);
      want.append(...page.body.childNodes);
      patch(region, want);
      announce();
      stale.hidden = true;
    }
  } catch {
    stale.hidden = false;
  } finally {
    reading = false;
  }
}

// The number of waiting people: in the title of the tab, and for a screen reader when it changes.
function announce() {
  const count = region.querySelector("h1 .count")?.textContent;
  if (count === undefined) return;
  document.title = count === "0" ? title : `(${count}) ${title}`;
  const words = count === "0" ? "Nobody is waiting." : `Waiting for a person: ${count}.`;
  if (news && news.textContent !== words) news.textContent = words;
}

let soon;
function refreshSoon() {
  clearTimeout(soon);
  soon = setTimeout(refresh, 100);
}

function listen() {
  let trouble;
  const events = new EventSource("/live");
  events.onopen = () => {
    clearTimeout(trouble);
    trouble = undefined;
    refresh();
  };
  events.onmessage = ({ data }) => {
    if (data === region.dataset.live || data === "queue" || data === "resync") refreshSoon();
  };
  events.onerror = () => {
    trouble ??= setTimeout(() => { stale.hidden = false; }, 1500);
    if (events.readyState !== EventSource.CLOSED) return;
    // The browser gave up: the session may have ended, or the server is being restarted.
    refresh();
    setTimeout(listen, 3000);
  };
  addEventListener("pagehide", () => events.close(), { once: true });
}

// Shown again as it was left (the back button): what it shows may be old.
addEventListener("pageshow", (event) => { if (event.persisted && region) listen(); });

// What is being written outlasts a reload, a session that ends and a browser that crashes: it is kept in
// this tab until it was sent, and forgotten when somebody signs out. The page says what was sent last:
// only a draft that the server has taken is dropped.
const composer = document.querySelector(".composer textarea");
const draft = `draft ${location.pathname}`;
const sent = `sent ${location.pathname}`;

function keepDraft() {
  if (composer.value) sessionStorage.setItem(draft, composer.value);
  else sessionStorage.removeItem(draft);
}

if (composer) {
  const texts = () => String(document.querySelectorAll(".message.staff").length);
  const before = sessionStorage.getItem(sent);
  if (before !== null && texts() !== before) sessionStorage.removeItem(draft);
  sessionStorage.removeItem(sent);
  // A browser puts back what once stood in a form; ours is newer. What the server gives back, with the
  // reason why it was refused, is newer still.
  const restore = () => {
    if (!composer.defaultValue) composer.value = sessionStorage.getItem(draft) ?? "";
  };
  restore();
  addEventListener("pageshow", restore);
  composer.addEventListener("input", keepDraft);
  composer.form.addEventListener("submit", () => {
    keepDraft();
    sessionStorage.setItem(sent, texts());
  });
}
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => sessionStorage.clear());

if (region) {
  announce();
  // The newest text is what a responder came for.
  if (scrollY === 0) region.querySelector(".thread li:last-child")?.scrollIntoView({ block: "center" });
  listen();
  setInterval(() => { if (!document.hidden) refresh(); }, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
