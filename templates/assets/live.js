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
  // What was read when somebody opened it stays, and so does the focus that a key has put on a text.
  if (have.dataset?.loaded !== undefined) return;
  if (have.nodeType !== Node.ELEMENT_NODE) {
    have.nodeValue = want.nodeValue;
    return;
  }
  // What a person has opened stays open.
  const theirs = (name) => (name === "open" && have.nodeName === "DETAILS") || (name === "tabindex" && have === document.activeElement);
  for (const name of have.getAttributeNames()) if (!want.hasAttribute(name) && !theirs(name)) have.removeAttribute(name);
  for (const name of want.getAttributeNames()) have.setAttribute(name, want.getAttribute(name));
  const wanted = new Set([...want.children].map((child) => child.id).filter(Boolean));
  for (const child of [...have.children]) if (child.id && !wanted.has(child.id)) child.remove();
  let at = have.firstChild;
  const coming = [...want.childNodes];
  for (const [n, fresh] of coming.entries()) {
    const named = fresh.id && [...have.children].find((child) => child.id === fresh.id);
    if (named) {
      // What stands before it and has no name makes room: moving it would take its focus away.
      while (at !== named && at && !at.id) at = drop(at);
      if (at !== named) have.insertBefore(named, at);
    }
    // What is gone goes first, so that what stood after it is not taken for new.
    while (at && !at.id && at.nodeName !== fresh.nodeName && alike(at, from(at)) > alike(at, coming.slice(n))) at = drop(at);
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

// A node and what follows it.
function from(node) {
  const nodes = [];
  for (let one = node; one; one = one.nextSibling) nodes.push(one);
  return nodes;
}

// How many of these could be the same as a node that has no name.
function alike(node, others) {
  return others.filter((other) => !other.id && other.nodeName === node.nodeName).length;
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// What stands behind a text is read when somebody opens it, also before this script came. Without it, a link
// leads there.
async function readBehind(opened) {
  const link = opened.open && opened.matches("[data-load]:not([data-loaded])") && opened.querySelector(":scope > a");
  if (!link) return;
  const response = await fetch(`${link.href}/part`, { headers: { Accept: "text/html" } }).catch(() => undefined);
  if (!response?.ok || response.redirected || !link.isConnected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  opened.dataset.loaded = "";
  link.replaceWith(...page.body.childNodes);
}
document.addEventListener("toggle", ({ target }) => readBehind(target), true);
document.querySelectorAll("details[open]").forEach(readBehind);

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
      if (response.redirected || response.status === 403) return location.reload();
      if (!response.ok) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const want = region.cloneNode(false);
      want.append(...page.body.childNodes);
      const before = stand();
      patch(region, want);
      if (Date.now() - heard <= ALONE) stale.hidden = true;
      settle(before);
      announce();
      readOn();
    }
  } catch {
    stale.hidden = false;
  } finally {
    reading = false;
  }
}

// A list that changes under the pointer: a press on a row that did not stand there a moment ago does nothing, so
// that nobody opens or claims a case that has only just come there. Keys are not held back.
const SETTLES = 1_000;
let stood = []; // where the rows were before the last change
let movedAt = 0;

function stand() {
  return [...region.querySelectorAll(".row[id]")].map((row) => [row.id, row.getBoundingClientRect()]);
}

function settle(before) {
  const now = stand();
  const same = now.length === before.length && now.every(([id, box], n) => id === before[n][0] && box.top === before[n][1].top);
  if (!same) [stood, movedAt] = [before, Date.now()];
}

// On a screen of another width (a phone that was turned) where rows stood before says nothing. A keyboard or an
// address bar that comes or goes changes the height alone, and moves no row.
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width) stood = [];
  width = innerWidth;
});

document.addEventListener("click", (event) => {
  const row = event.detail > 0 && Date.now() - movedAt < SETTLES && event.target.closest(".row[id]");
  if (!row) return;
  const was = stood.find(([, box]) => event.clientY >= box.top && event.clientY <= box.bottom);
  // Where the list had ended, nobody aimed at anything else.
  const after = stood.every(([, box]) => event.clientY > box.bottom);
  if (after || was?.[0] === row.id) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// Nobody answers what they have not read: what came while they wrote is said beside their text, and the
// server asks once more before it sends. Who has not begun to write has read what is shown.
function readOn() {
  const seen = document.querySelector("form.composer [name=seen]");
  if (!seen) return;
  const theirs = [...region.querySelectorAll(".message.texter")].map((one) => one.id.slice(2));
  if (!seen.form.elements.body.value && theirs.length) seen.value = theirs.at(-1);
  const newer = theirs.filter((id) => id > seen.value).length;
  const place = seen.form.querySelector("[data-newer]");
  const words = newer === 0 ? "" : newer === 1 ? place.dataset.one : place.dataset.many.replace("{n}", newer);
  if (place.textContent !== words) place.textContent = words;
}

// The number of waiting people: in the title of the tab, and for a screen reader when it changes.
function announce() {
  const count = region.querySelector("h1 .count")?.textContent ?? region.querySelector("[data-waits]")?.dataset.waits;
  if (count === undefined) return;
  document.title = count === "0" ? title : `(${count}) ${title}`;
  if (!news) return;
  const words = count === "0" ? news.dataset.none : news.dataset.waiting.replace("{n}", count);
  if (news.textContent !== words) news.textContent = words;
}

let soon;
function refreshSoon() {
  clearTimeout(soon);
  soon = setTimeout(refresh, 100);
}

// The server sends a pulse a second. Without one the page is alone, and says so within three seconds.
const ALONE = 2_000;
const GIVE_UP = 8_000; // a connection that swallows everything is replaced
let events;
let heard = 0;

function alive() {
  heard = Date.now();
}

function listen() {
  events?.close();
  const mine = new EventSource("/live");
  events = mine;
  heard = Math.max(heard, Date.now() - ALONE + 1_000);
  const started = Date.now();
  mine.onopen = () => { alive(); refresh(); };
  mine.addEventListener("pulse", alive);
  mine.onmessage = ({ data }) => {
    alive();
    if (data === region.dataset.live || data === "queue" || data === "resync") refreshSoon();
  };
  mine.onerror = () => {
    // The browser gave up: the session may have ended, or the server is being restarted.
    if (mine.readyState !== EventSource.CLOSED || mine !== events) return;
    refresh();
    setTimeout(() => { if (mine === events) listen(); }, 500);
  };
  mine.started = started;
}

function watch() {
  const silent = Date.now() - heard;
  if (silent > ALONE) stale.hidden = false;
  if (silent > GIVE_UP && Date.now() - events.started > GIVE_UP) listen();
}
addEventListener("pagehide", () => events?.close());

// Shown again as it was left (the back button): what it shows may be old.
addEventListener("pageshow", (event) => { if (event.persisted && region) listen(); });

// Who has a conversation open is seen by colleagues who have it open, too.
const LOOKS = 20_000;
function look(writes) {
  if (document.hidden || !region.dataset.look) return;
  fetch(region.dataset.look, { method: "POST", body: new URLSearchParams(writes ? { writes: "yes" } : {}) }).catch(() => {});
}

if (region) {
  announce();
  look();
  setInterval(look, LOOKS);
  // The newest text is what a responder came for.
  if (scrollY === 0) region.querySelector(".thread li:last-child")?.scrollIntoView({ block: "center" });
  listen();
  setInterval(watch, 250);
  setInterval(() => { if (!document.hidden) refresh(); }, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
