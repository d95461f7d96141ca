// Where a reply is written. What is written is kept on the server while it is written, and until then in this
// tab, so that it outlasts a reload, a crash, a session that ends and a case that changes hands. A reply is
// shown at once, and then as it stands; what could not be sent comes back. Words are put in and never sent.
// Everything here works without this script, too, with the same forms.
"use strict";

{
  const composer = document.querySelector("form.composer");
  const body = composer?.elements.body;
  const part = (name) => document.querySelector(`[data-${name}]`);
  const unkept = `draft ${location.pathname}`; // what the server does not have yet
  const undecided = `form ${location.pathname}`; // the form of a reply of which nobody has heard whether it was taken
  const SOON = 400;
  // Kept alive: what was sent arrives also when the page is left before an answer comes.
  const post = (address, fields) => fetch(address, { method: "POST", keepalive: true, body: new URLSearchParams({ ...fields, quietly: "yes" }) });
  // Whether somebody writes somewhere else just now: then nothing takes the focus from there.
  const isElsewhere = () => document.activeElement?.matches("input, textarea, select") && document.activeElement !== body;

  // An id, also where the page is not from a secure origin.
  function fresh() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  // Drafts. One is kept after the other, so that an older one never overtakes a newer.
  // What the server has: not what it gives back because it was refused, nor what the address puts in.
  const refused = document.querySelector("main .problem:not([data-unsent])");
  const putIn = /[?&](canned|resource|earlier)=/.test(location.search);
  let kept = refused || putIn ? null : body?.defaultValue ?? "";
  let saving = Promise.resolve();
  let timer;
  const draft = () => ({ body: body.value, locale: composer.elements.locale.value });

  function keep() {
    clearTimeout(timer);
    saving = saving.then(async () => {
      const fields = draft();
      if (fields.body === kept) return;
      try {
        const response = await post(composer.dataset.draft, fields);
        if (response.redirected || !response.ok) return;
        kept = fields.body;
        const words = await response.text();
        if (body.value === fields.body) {
          part("cost").textContent = words;
          sessionStorage.removeItem(unkept);
        }
      } catch {
        // It stays in this tab; the next key tries again, and so does the next page.
      }
    });
    return saving;
  }

  function written() {
    sessionStorage.setItem(unkept, body.value);
    clearTimeout(timer);
    timer = setTimeout(keep, SOON);
  }

  // Who is writing is there: their claim goes on. Said once in half a minute, and only of what is theirs.
  const STAYS = 30_000;
  let said = 0;
  function stayHere() {
    const mine = document.querySelector("[data-mine]")?.dataset.mine;
    if (!mine || Date.now() - said < STAYS) return;
    said = Date.now();
    post(mine, {}).catch(() => { said = 0; });
  }

  // Who is writing is seen to.
  const WRITES = 8_000;
  let wrote = 0;
  function writes() {
    if (Date.now() - wrote < WRITES || !body.value.trim()) return;
    wrote = Date.now();
    look(true);
  }

  // Who leaves takes the last words along: the page may be gone before an answer comes.
  function leave() {
    if (body.value === kept) return;
    navigator.sendBeacon(composer.dataset.draft, new URLSearchParams({ ...draft(), quietly: "yes" }));
  }

  // Sending. The text is shown at once; whether it was taken, the server says.
  const unsent = part("unsent");
  let tried = ""; // the words that went with the form's id last

  function complain(words) {
    unsent.textContent = words;
    unsent.hidden = !words;
  }

  function showPending(words) {
    const row = document.createElement("li");
    row.className = "message staff";
    const head = document.createElement("p");
    head.className = "head";
    const you = document.createElement("strong");
    you.textContent = composer.dataset.you;
    const state = document.createElement("span");
    state.className = "sending queued";
    state.textContent = composer.dataset.sending;
    head.append(you, " ", state);
    const text = document.createElement("p");
    text.className = "body";
    text.dir = "auto";
    text.textContent = words;
    row.append(head, text);
    part("pending").append(row);
    row.scrollIntoView({ block: "nearest" });
    return row;
  }

  let sending = false;
  async function send(event) {
    event.preventDefault();
    const words = body.value;
    if (sending || !words.trim()) return;
    sending = true;
    complain("");
    clearTimeout(timer);
    // The same words tried again are the same text; other words are another.
    if (tried && tried !== words) composer.elements.form.value = fresh();
    tried = words;
    const fields = Object.fromEntries(new FormData(composer));
    const row = showPending(words);
    body.value = "";
    sessionStorage.setItem(unkept, words);
    sessionStorage.setItem(undecided, JSON.stringify([fields.form, words]));
    await saving;
    let problem = composer.dataset.lost;
    try {
      const response = await post(composer.action, fields);
      if (response.status === 204) problem = "";
      else if (response.status === 409) problem = await response.text();
      else if (response.redirected || response.status === 403) problem = composer.dataset.signedOut;
      else problem = composer.dataset.trouble;
    } catch {
      // The words above say it.
    }
    sending = false;
    if (problem) {
      row.remove();
      // What was written meanwhile comes after it.
      body.value = body.value ? `${words} ${body.value}` : words;
      sessionStorage.setItem(unkept, body.value);
      complain(problem);
      await refresh();
      // Who has been told that there is more to read has it before their eyes now.
      const theirs = [...document.querySelectorAll(".message.texter")].at(-1)?.id.slice(2);
      if (theirs) composer.elements.seen.value = theirs;
    } else {
      kept = "";
      tried = "";
      sessionStorage.removeItem(undecided);
      composer.elements.form.value = fresh();
      if (body.value) written();
      else sessionStorage.removeItem(unkept);
      part("cost").textContent = "";
      await refresh();
    }
    row.remove();
    if (problem && !isElsewhere()) body.focus();
  }

  // Canned replies, resources and earlier drafts: put in where the pen is.
  const picker = part("picker");
  const find = picker?.querySelector("input");
  const found = part("found");

  function insert(words) {
    const before = body.value.slice(0, body.selectionStart);
    const gap = before && !/\s$/.test(before) ? " " : "";
    body.setRangeText(gap + words, body.selectionStart, body.selectionEnd, "end");
    body.dispatchEvent(new Event("input", { bubbles: true }));
    body.focus();
  }

  const choices = () => [...found.querySelectorAll(".choices > li")].filter((one) => !one.hidden);

  function narrow() {
    const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of found.querySelectorAll(".choices > li")) {
      const text = one.dataset.find.toLowerCase();
      one.hidden = !wanted.every((word) => text.includes(word));
    }
    for (const list of found.querySelectorAll(".choices")) {
      const count = list.previousElementSibling?.querySelector(".count");
      if (count) count.textContent = String([...list.children].filter((one) => !one.hidden).length);
    }
  }

  // It opens at once, so that what is typed next is looked for and does nothing else; Enter waits for the list.
  let chosen = false;
  async function pick(event) {
    event?.preventDefault();
    if (picker.open) return;
    const opener = document.querySelector("a[data-pick]");
    find.value = "";
    chosen = false;
    found.replaceChildren();
    found.setAttribute("aria-busy", "true");
    picker.showModal();
    find.focus();
    try {
      const response = await fetch(opener.dataset.pick, { headers: { Accept: "text/html" } });
      if (response.redirected || !response.ok) return location.assign(opener.href);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      found.replaceChildren(...page.body.childNodes);
      narrow();
      if (chosen && picker.open) chooseFirst();
    } catch {
      if (picker.open) shut();
      complain(composer.dataset.unread);
    } finally {
      found.removeAttribute("aria-busy");
    }
  }

  function chooseFirst() {
    const first = choices()[0];
    if (first) choose(first);
    else chosen = found.hasAttribute("aria-busy");
  }

  // The focus goes to the pen now: the event of a dialog that closed comes later, when somebody may be elsewhere.
  function shut(event) {
    event?.preventDefault();
    picker.close();
    body.focus();
  }

  function choose(one) {
    picker.close();
    insert(one.querySelector(".words").textContent);
  }

  if (composer) {
    // A browser puts back what once stood in a form. What this tab has and the server has not is newer than
    // what the server has; what the server gives back, with the reason why it was refused, is newer still.
    const given = kept === null;
    const restore = () => {
      body.value = given ? body.defaultValue : sessionStorage.getItem(unkept) ?? body.defaultValue;
      // A reply of which nobody has heard whether it was taken goes with the same form again: it is one text.
      const [form, words] = JSON.parse(sessionStorage.getItem(undecided) ?? "[]");
      if (form && body.value === words) [composer.elements.form.value, tried] = [form, words];
      if (body.value !== kept) written();
    };
    if (putIn) history.replaceState(null, "", location.pathname + location.hash);
    restore();
    // After the browser has put back what it remembers; what was typed since is in this tab.
    addEventListener("pageshow", (event) => { if (!event.persisted && !given) restore(); });
    for (const one of document.querySelectorAll(".unscripted")) one.hidden = true;
    body.addEventListener("input", written);
    body.addEventListener("input", stayHere);
    body.addEventListener("input", writes);
    composer.addEventListener("submit", send);
    // Ctrl and Enter send, as everywhere; Enter alone begins a new line.
    body.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) composer.requestSubmit();
    });
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); });

    document.querySelector("a[data-pick]").addEventListener("click", pick);
    part("close").addEventListener("click", shut);
    picker.addEventListener("cancel", shut);
    find.addEventListener("input", narrow);
    find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      chooseFirst();
    });
    picker.addEventListener("keydown", (event) => {
      if (event.target === find || !/^[1-9]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      const one = choices()[Number(event.key) - 1];
      if (one) { event.preventDefault(); choose(one); }
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-insert]");
      if (!link) return;
      event.preventDefault();
      if (picker.contains(link)) choose(link.closest("li"));
      else insert(link.parentElement.querySelector(".words").textContent);
    });
    globalThis.pickCanned = pick;
  }

  // Who signs out takes no words of anybody's along: what was begun is on the server.
  document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", async (event) => {
    if (!composer || body.value === kept) return sessionStorage.clear();
    event.preventDefault();
    await keep();
    sessionStorage.clear();
    event.target.submit();
  });
}
