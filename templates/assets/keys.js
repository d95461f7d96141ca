// The keys of the keyboard: one key does one thing while nobody is writing, and with Alt while somebody is. What
// they do is on the pages, too. They can be switched off, and each changed; that is kept in this browser. The
// list comes from the server. Ctrl and K find a page, an act or a conversation by its words. Esc leaves what is
// written and never loses it. No key is lost: what is pressed while a page comes or goes is done on the page
// that comes.
"use strict";

{
  const KEPT = "keys";
  const settings = () => {
    try {
      return { off: false, keys: {}, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
    } catch {
      return { off: false, keys: {} };
    }
  };
  const keep = (changed) => localStorage.setItem(KEPT, JSON.stringify({ ...settings(), ...changed }));
  const first = { next: "j", previous: "k", claim: "c", reply: "r", canned: "/", note: "n", hand: "t", help: "h", end: "e", why: "y", queue: "q", keys: "?" };
  const actionOf = (key) => Object.keys(first).find((name) => (settings().keys[name] ?? first[name]) === key);

  const find = (selector) => document.querySelector(selector);

  // Keys that were pressed before the page could do them, and those of a page that is being left.
  const COMING = "keys to come";
  const LEAVES_MS = 5_000;
  let ready = false;
  let early = [];
  let leftAt = 0;

  // Follows a link or sends a form: what is pressed from now on is meant for the page that comes.
  function leave(element) {
    if (!element) return;
    leftAt = Date.now();
    element.click();
  }
  const press = (selector) => leave(find(selector));
  const isLeaving = () => Date.now() - leftAt < LEAVES_MS;

  // Rows of a list, or the texts of a conversation.
  function places() {
    const rows = [...document.querySelectorAll(".row > a, .case h3 a")].filter((one) => one.checkVisibility());
    return rows.length ? rows : [...document.querySelectorAll(".thread:not(.pending) .message:not(.event)")];
  }

  function move(by) {
    const all = places();
    if (!all.length) return;
    const here = all.findIndex((one) => one === document.activeElement || one.contains(document.activeElement));
    const at = here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + by, 0), all.length - 1);
    if (!all[at].matches("a")) all[at].tabIndex = -1;
    all[at].focus();
    all[at].scrollIntoView({ block: "nearest" });
  }

  function reply() {
    const body = find("form.composer textarea");
    body?.focus();
    body?.setSelectionRange(body.value.length, body.value.length);
  }

  function claim() {
    const row = document.activeElement?.closest(".row");
    leave((row ?? document.querySelector("main > form[action$='/claim']"))?.querySelector("button"));
  }

  function note() {
    const words = find("#note");
    if (!words) return;
    words.closest("details").open = true;
    words.focus();
  }

  const ACTS = {
    next: () => move(1),
    previous: () => move(-1),
    claim,
    reply,
    canned: () => (globalThis.pickCanned ? globalThis.pickCanned() : press("nav a[href^='/search']")),
    note,
    hand: () => press("a[href$='/hand-on']"),
    help: () => find("form[action$='/help'] button")?.focus(),
    end: () => press("a[href$='/close']"),
    why: () => {
      const why = [...document.querySelectorAll("details.why")].at(-1);
      if (why) { why.open = !why.open; why.querySelector("summary").focus(); }
    },
    queue: () => press(".bar a[href='/']"),
    keys: list,
  };

  // What has just been closed may still have the focus for a moment.
  const writes = (target) => target instanceof Element && target.checkVisibility() && target.closest("input, textarea, select, [contenteditable], dialog");

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k" && find("[data-ways]")) {
      event.preventDefault();
      return ready ? ways() : early.push("Ctrl K");
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.isComposing || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (event.key === "Escape" && event.target instanceof HTMLTextAreaElement) return event.target.blur();
    if (writes(event.target) && !event.altKey || settings().off || find("dialog[open]")) return;
    if (event.key.length === 1 && !event.altKey && isLeaving()) {
      event.preventDefault();
      return sessionStorage.setItem(COMING, JSON.stringify([...coming(), [Date.now(), event.key]]));
    }
    const act = ACTS[actionOf(event.key)];
    if (!act) return;
    event.preventDefault();
    if (ready) act();
    else if (!event.altKey) early.push(event.key);
  });

  // What was pressed on the page before this one, not long ago.
  function coming() {
    try {
      const pressed = JSON.parse(sessionStorage.getItem(COMING) ?? "[]");
      return pressed.filter(([at]) => Date.now() - at < 2 * LEAVES_MS);
    } catch {
      return [];
    }
  }

  // A key that comes late does what it does; after one that leads to where one writes, it is a letter.
  let writing = false;
  function late(key) {
    const here = document.activeElement;
    if (writing && key.length === 1) {
      here.setRangeText(key, here.selectionStart, here.selectionEnd, "end");
      here.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    if (key === "Ctrl K") ways();
    else if (!find("dialog[open]")) ACTS[actionOf(key)]?.();
    writing = document.activeElement?.matches("textarea, input[type=search]") ?? false;
  }

  document.addEventListener("DOMContentLoaded", () => {
    ready = true;
    const pressed = coming().map(([, key]) => key);
    sessionStorage.removeItem(COMING);
    for (const key of settings().off ? [] : [...pressed, ...early]) late(key);
    early = [];
  });
  // Shown again as it was left.
  addEventListener("pageshow", () => { leftAt = 0; });

  // The list, on its page or over another.
  async function list() {
    if (find("[data-keys]")) return find("[data-keys] input")?.focus();
    const dialog = document.createElement("dialog");
    dialog.className = "picker";
    dialog.setAttribute("aria-label", "?");
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet wide";
    close.textContent = "OK";
    close.addEventListener("click", () => dialog.close());
    dialog.append(close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    // At once: what is pressed next does nothing on the page below.
    dialog.showModal();
    const response = await fetch("/keys/list", { headers: { Accept: "text/html" } }).catch(() => undefined);
    if (!response?.ok || response.redirected) return location.assign("/keys");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    close.before(...page.body.childNodes);
    wire(dialog);
  }

  // Every way from this page, found by its words: the places, the parts of this one, what can be done here.
  function ways() {
    const dialog = find("[data-ways]");
    if (dialog.open || find("dialog[open]")) return;
    const list = dialog.querySelector("[data-ways-found]");
    const sought = dialog.querySelector("input");
    const there = [...document.querySelectorAll(".bar nav a, .places a, main a.button, main form:not(.composer) button")];
    const rows = there
      .filter((one) => one.closest("details:not(.rest, [open])") === null && !one.closest("dialog, .row, [aria-current]"))
      .map((one) => {
        const row = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet";
        button.textContent = one.textContent.trim();
        // A form is gone to, not sent: what it does is seen before it is done.
        button.addEventListener("click", () => { dialog.close(); if (one.matches("a")) leave(one); else one.focus(); });
        row.append(button);
        return row;
      });
    const narrow = () => {
      const words = sought.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      const shown = rows.filter((row) => !row.hidden);
      for (const row of rows) row.classList.toggle("first", words.length > 0 && row === shown[0]);
      return shown;
    };
    list.replaceChildren(...rows);
    sought.value = "";
    sought.oninput = narrow;
    dialog.onkeydown = (event) => {
      const shown = narrow();
      const here = shown.findIndex((row) => row.contains(document.activeElement));
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        (here + step < 0 ? sought : shown[Math.min(here + step, shown.length - 1)]?.firstChild)?.focus();
      } else if (event.key === "Enter" && event.target === sought && sought.value.trim() && shown.length) {
        event.preventDefault();
        shown[0].firstChild.click();
      }
    };
    dialog.querySelector("[data-ways-close]").onclick = () => dialog.close();
    narrow();
    dialog.showModal();
    sought.focus();
  }

  // The rest of the ways closes as a menu does: by Esc, and by a touch elsewhere.
  const rest = () => find(".rest[open]");
  document.addEventListener("click", (event) => { if (!event.target.closest(".rest")) rest()?.removeAttribute("open"); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !rest()) return;
    const inside = rest().contains(document.activeElement);
    const summary = rest().querySelector("summary");
    rest().removeAttribute("open");
    if (inside) summary.focus();
  });

  function wire(within) {
    const inputs = [...within.querySelectorAll("[data-key]")];
    const on = within.querySelector("[data-keys-on]");
    const problem = within.querySelector("[data-keys-problem]");
    const show = () => {
      const { off, keys } = settings();
      on.checked = !off;
      for (const input of inputs) input.value = keys[input.dataset.key] ?? input.dataset.default;
      problem.hidden = true;
    };
    on.addEventListener("change", () => keep({ off: !on.checked }));
    within.querySelector("[data-keys-reset]").addEventListener("click", () => { keep({ off: false, keys: {} }); show(); });
    for (const input of inputs) {
      input.addEventListener("focus", () => input.select());
      input.addEventListener("change", () => {
        const key = input.value.trim();
        const other = inputs.find((one) => one !== input && one.value === key);
        if (!key || other) {
          show();
          problem.textContent = other ? `${problem.dataset.taken} ${key}, ${other.labels[0].textContent}.` : "";
          problem.hidden = !other;
          return;
        }
        problem.hidden = true;
        keep({ keys: { ...settings().keys, [input.dataset.key]: key } });
      });
    }
    show();
  }
  document.addEventListener("DOMContentLoaded", () => { if (find("[data-keys]")) wire(find("[data-keys]")); });
}
