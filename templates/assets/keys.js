// The keys of the keyboard: one key does one thing while nobody is writing. What they do is on the pages,
// too. They can be switched off, and each changed; that is kept in this browser. The list comes from the
// server. Esc leaves what is written and never loses it.
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
  const press = (selector) => find(selector)?.click();

  // Rows of a list, or the texts of a conversation.
  function places() {
    const rows = [...document.querySelectorAll(".row > a, .case h3 a")].filter((one) => one.checkVisibility());
    return rows.length ? rows : [...document.querySelectorAll(".thread .message:not(.event)")];
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
    (row ?? document.querySelector("main > form[action$='/claim']"))?.querySelector("button")?.click();
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
    queue: () => location.assign("/"),
    keys: list,
  };

  // What has just been closed may still have the focus for a moment.
  const writes = (target) => target instanceof Element && target.checkVisibility() && target.closest("input, textarea, select, [contenteditable], dialog");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (event.key === "Escape" && event.target instanceof HTMLTextAreaElement) return event.target.blur();
    if (writes(event.target) || settings().off || document.querySelector("dialog[open]")) return;
    const act = ACTS[actionOf(event.key)];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // The list, on its page or over another.
  async function list() {
    if (find("[data-keys]")) return find("[data-keys] input")?.focus();
    const response = await fetch("/keys/list", { headers: { Accept: "text/html" } }).catch(() => undefined);
    if (!response?.ok || response.redirected) return location.assign("/keys");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const dialog = document.createElement("dialog");
    dialog.className = "picker";
    dialog.setAttribute("aria-label", "?");
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet wide";
    close.textContent = "OK";
    close.addEventListener("click", () => dialog.close());
    dialog.append(...page.body.childNodes, close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    wire(dialog);
    dialog.showModal();
  }

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
  if (find("[data-keys]")) wire(find("[data-keys]"));
}
