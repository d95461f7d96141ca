// The phones of the simulator. Words of people go in as text, never as markup.
"use strict";

const KEPT = "harborline-phone"; // the texter's phone, so that a reload keeps it
const stale = document.querySelector(".stale");
const said = document.querySelector(".phones").dataset; // words in the language of the page

class Gone extends Error {}

async function call(path, body) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, body === undefined ? {} : post);
  if (response.status === 404) throw new Gone();
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

function element(name, kind, words) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (words !== undefined) made.textContent = words;
  return made;
}

class Phone {
  constructor(section) {
    this.section = section;
    this.log = section.querySelector(".log");
    this.list = this.log.querySelector("ol");
    this.hint = this.log.querySelector(".hint");
    this.problem = section.querySelector(".problem");
    this.field = section.querySelector("textarea");
    this.shown = new Map();
    this.id = section.dataset.phone;
    this.atEnd = true;
    this.log.addEventListener("scroll", () => {
      this.atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
    });
    // New texts, or a phone that is turned: the last text stays in view unless someone reads above.
    const follow = new ResizeObserver(() => {
      if (this.atEnd) this.log.scrollTop = this.log.scrollHeight;
    });
    follow.observe(this.log);
    follow.observe(this.list);
    const form = section.querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = this.field.value;
      if (words.trim() === "") return;
      this.field.value = "";
      this.say(words);
    });
    this.field.addEventListener("keydown", (event) => {
      // Enter sends, as on a phone; Shift and Enter makes a new line.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  async say(words) {
    this.problem.hidden = true;
    this.atEnd = true;
    try {
      // Words that follow the wish for a new person are theirs.
      if (this === texter) await arriving;
      if (!this.id) await newPerson();
      await call(`/simulator/phones/${this.id}/texts`, { body: words });
      await this.refresh();
    } catch (error) {
      // What was written is not lost.
      if (this.field.value === "") this.field.value = words;
      this.problem.textContent = said.unsent;
      this.problem.hidden = false;
      if (error instanceof Gone) await lost();
    }
  }

  // One look at a time; a wish that comes during it is granted after it.
  async refresh() {
    if (!this.id) return;
    this.wanted = true;
    if (this.looking) return this.looking;
    this.looking = (async () => {
      try {
        while (this.wanted) {
          this.wanted = false;
          const phone = this.id;
          const texts = await call(`/simulator/phones/${phone}`);
          if (phone === this.id) this.show(texts);
        }
      } finally {
        this.looking = null;
      }
    })();
    return this.looking;
  }

  show(texts) {
    for (const text of texts) {
      const known = this.shown.get(text.seq);
      if (known) {
        // Only this can change: the hook did not take the text.
        if (text.failed) known.replaceChildren(...this.bubble(text));
        known.classList.toggle("failed", text.failed);
        continue;
      }
      const item = element("li", text.from_me ? "bubble mine" : "bubble theirs");
      item.append(...this.bubble(text));
      item.classList.toggle("failed", text.failed);
      this.list.append(item);
      this.shown.set(text.seq, item);
    }
    this.hint.hidden = this.shown.size > 0;
  }

  bubble(text) {
    const time = new Date(text.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const facts = [time];
    if (text.segments) facts.push(text.segments === 1 ? "1 SMS" : `${text.segments} SMS`);
    if (text.inline) facts.push(said.atOnce);
    if (text.failed) facts.push(said.failed);
    return [
      element("span", "unseen", `${text.from_me ? said.mine : said.theirs} `),
      element("p", "words", text.body),
      element("p", "meta", facts.join(" · ")),
    ];
  }

  forget(id) {
    this.id = id;
    this.list.replaceChildren();
    this.shown.clear();
    this.hint.hidden = false;
  }
}

const phones = [...document.querySelectorAll("[data-phone]")].map((section) => new Phone(section));
const texter = phones.find((phone) => phone.id === "");
const label = texter.section.querySelector("[data-label]");

function hold(phone) {
  texter.forget(phone.id);
  label.textContent = phone.label;
}

let arriving = Promise.resolve();

// One after the other: whoever was wished for last is there in the end, whichever answer is slower.
function newPerson() {
  const work = arriving.then(() => call("/simulator/phones", {})).then((phone) => {
    sessionStorage.setItem(KEPT, JSON.stringify(phone));
    hold(phone);
  });
  arriving = work.catch(() => {});
  return work;
}

// A phone is unknown: the server was started anew, and with it all phones.
async function lost() {
  sessionStorage.removeItem(KEPT);
  location.reload();
}

async function refreshAll() {
  try {
    await Promise.all(phones.map((phone) => phone.refresh()));
    stale.hidden = true;
  } catch (error) {
    if (error instanceof Gone) return lost();
    stale.hidden = false;
  }
}

function listen() {
  let trouble;
  const events = new EventSource("/simulator/events");
  events.onopen = () => {
    clearTimeout(trouble);
    trouble = undefined;
    refreshAll();
  };
  events.onmessage = refreshAll;
  events.onerror = () => {
    trouble ??= setTimeout(() => { stale.hidden = false; }, 1500);
    if (events.readyState !== EventSource.CLOSED) return;
    // The browser gave up; we do not.
    setTimeout(listen, 3000);
  };
  addEventListener("pagehide", () => events.close(), { once: true });
}

async function start() {
  for (const button of texter.section.querySelectorAll(".chip")) {
    button.addEventListener("click", () => {
      texter.say(button.textContent);
      texter.field.focus();
    });
  }
  texter.section.querySelector("[data-new-person]").addEventListener("click", async () => {
    try {
      await newPerson();
      texter.field.focus();
    } catch {
      stale.hidden = false;
    }
  });
  document.querySelector(".phones").hidden = false;
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (kept) hold(kept);
    else await newPerson();
    await texter.refresh();
  } catch (error) {
    if (error instanceof Gone) await newPerson().catch(() => { stale.hidden = false; });
    else stale.hidden = false;
  }
  listen();
}

// Shown again as it was left (the back button): what it shows may be old.
addEventListener("pageshow", (event) => { if (event.persisted) listen(); });

start();
