// The alarm: a state, not an event. On the queue it sounds every few seconds while somebody waits whom nobody
// has taken; who is in a conversation hears it once for each who comes, because they are needed where they
// are. A banner, the title and the badge of the app say the same to who does not hear. It is switched on by a
// test, so that whoever begins a shift knows that they will hear it. Nothing is loaded: the tones are made here.
"use strict";

{
  const box = document.querySelector("[data-alarm]"); // where it is tested and switched
  const banner = document.querySelector("[data-alarm-banner]");
  const place = document.querySelector("[data-live]");
  const EVERY_MS = 5_000;
  // Each tier sounds in its own way: how high, and how often.
  const TONES = { imminent: [[880, 3], [1175, 3]], high: [[740, 2]], other: [[523, 1]] };
  const TIERS = ["none", "topic", "concern", "high", "imminent"];

  let sound;
  let rung = 0;
  let asked = false; // whether somebody tested it and has not said yet whether they heard it

  const part = (name) => box.querySelector(`[data-alarm-${name}]`);
  const isOn = () => localStorage.getItem("alarm") === "on";
  const volume = () => Number(localStorage.getItem("alarm volume") ?? 80) / 100;

  // Who waits for anyone, whatever the list shows: how many, and how urgent the most urgent is.
  function waits() {
    const { waits = "0", tier = "none" } = place?.querySelector("[data-waits]")?.dataset ?? {};
    return { many: Number(waits), tier };
  }
  let known = waits();

  function ring(tier) {
    if (!sound || sound.state !== "running") return false;
    let at = sound.currentTime;
    for (const [pitch, times] of TONES[tier] ?? TONES.other) {
      for (let beat = 0; beat < times; beat += 1) {
        const tone = sound.createOscillator();
        const level = sound.createGain();
        tone.frequency.value = pitch;
        level.gain.setValueAtTime(0.0001, at);
        level.gain.exponentialRampToValueAtTime(Math.max(volume(), 0.01), at + 0.03);
        level.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
        tone.connect(level).connect(sound.destination);
        tone.start(at);
        tone.stop(at + 0.28);
        at += 0.32;
      }
    }
    return true;
  }

  function alarm(tier) {
    if (ring(tier)) {
      rung += 1;
      (box ?? place).dataset.rung = String(rung);
    }
    navigator.vibrate?.(tier === "imminent" || tier === "high" ? [300, 150, 300] : 200);
  }

  function show() {
    const { many } = waits();
    if (banner) {
      const words = many === 1 ? banner.dataset.one : banner.dataset.many.replace("{n}", many);
      if (many === 0) banner.hidden = true;
      else if (banner.hidden || banner.textContent !== words) {
        banner.textContent = words;
        banner.hidden = false;
      }
    }
    if (place && many) navigator.setAppBadge?.(many).catch(() => {});
    else if (place) navigator.clearAppBadge?.().catch(() => {});
    if (!box) return;
    part("on").hidden = !asked || isOn();
    part("off").hidden = !isOn();
    const blocked = isOn() && sound?.state !== "running";
    const state = part("state");
    const { asks, isOff, held, isOn: sounding } = state.dataset;
    const words = asked ? asks : !isOn() ? isOff : blocked ? held : sounding;
    if (state.textContent !== words) state.textContent = words;
    box.classList.toggle("blocked", blocked || !isOn());
  }

  // Something may have changed: who reads elsewhere hears of who has come since.
  function heed() {
    show();
    const now = waits();
    const more = now.many > known.many || TIERS.indexOf(now.tier) > TIERS.indexOf(known.tier);
    known = now;
    if (!box && more && now.many && isOn()) alarm(now.tier);
  }

  function insist() {
    show();
    const { many, tier } = waits();
    if (isOn() && many) alarm(tier);
  }

  function wake() {
    sound ??= new AudioContext();
    return sound.resume();
  }

  if (box) {
    box.hidden = false;
    for (const one of document.querySelectorAll(".unscripted")) one.hidden = true;
    part("volume").value = String(Math.round(volume() * 100));
    part("volume").addEventListener("input", ({ target }) => localStorage.setItem("alarm volume", target.value));
    part("test").addEventListener("click", async () => {
      await wake();
      asked = !isOn();
      show();
      ring("high");
    });
    part("on").addEventListener("click", () => { localStorage.setItem("alarm", "on"); asked = false; show(); });
    part("off").addEventListener("click", () => { localStorage.removeItem("alarm"); asked = false; show(); });
    if (place) setInterval(insist, EVERY_MS);
  }
  // A browser may let it sound by itself, or after the first press on the page.
  if (isOn()) {
    wake().then(show);
    addEventListener("pointerdown", () => wake().then(show), { once: true });
    addEventListener("keydown", () => wake().then(show), { once: true });
  }
  if (place) new MutationObserver(heed).observe(place, { childList: true, subtree: true, attributeFilter: ["data-waits", "data-tier"] });
  show();
}
