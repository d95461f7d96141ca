// The alarm of the queue: a state, not an event. While somebody waits whom nobody has taken, it sounds every
// few seconds, and a banner, the title and the badge of the app say the same to who does not hear. It is
// switched on by a test, so that whoever begins a shift knows that they will hear it. Nothing is loaded: the
// tones are made here.
"use strict";

const box = document.querySelector("[data-alarm]");
const banner = document.querySelector("[data-alarm-banner]");
const list = document.querySelector("[data-live=queue]");
const EVERY_MS = 5_000;
// Each tier sounds in its own way: how high, and how often.
const TONES = { imminent: [[880, 3], [1175, 3]], high: [[740, 2]], other: [[523, 1]] };

let sound;
let rung = 0;
let asked = false; // whether somebody tested it and has not said yet whether they heard it

const part = (name) => box.querySelector(`[data-alarm-${name}]`);
const isOn = () => localStorage.getItem("alarm") === "on";
const volume = () => Number(localStorage.getItem("alarm volume") ?? 80) / 100;

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

// Who waits for anyone: what can be claimed from here.
function waiting() {
  return [...list.querySelectorAll('.row[id^="waiting-"]:has(form)')];
}

function mostUrgent(rows) {
  for (const tier of ["imminent", "high"]) if (rows.some((row) => row.classList.contains(`tier-${tier}`))) return tier;
  return "other";
}

function show() {
  const rows = waiting();
  const words = rows.length === 1 ? banner.dataset.one : banner.dataset.many.replace("{n}", rows.length);
  if (rows.length === 0) banner.hidden = true;
  else if (banner.hidden || banner.textContent !== words) {
    banner.textContent = words;
    banner.hidden = false;
  }
  if (rows.length) navigator.setAppBadge?.(rows.length).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
  part("on").hidden = !asked || isOn();
  part("off").hidden = !isOn();
  const blocked = isOn() && sound?.state !== "running";
  const state = part("state");
  const { asks, isOff, held, isOn: sounding } = state.dataset;
  state.textContent = asked ? asks : !isOn() ? isOff : blocked ? held : sounding;
  box.classList.toggle("blocked", blocked || !isOn());
  return rows;
}

function sounds() {
  const rows = show();
  if (!isOn() || rows.length === 0) return;
  const tier = mostUrgent(rows);
  if (ring(tier)) {
    rung += 1;
    box.dataset.rung = String(rung);
  }
  navigator.vibrate?.(tier === "other" ? 200 : [300, 150, 300]);
}

function wake() {
  sound ??= new AudioContext();
  return sound.resume();
}

if (box && list) {
  box.hidden = false;
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
  // A browser may let it sound by itself, or after the first press on the page.
  if (isOn()) {
    wake().then(show);
    addEventListener("pointerdown", () => wake().then(show), { once: true });
    addEventListener("keydown", () => wake().then(show), { once: true });
  }
  new MutationObserver(show).observe(list, { childList: true, subtree: true });
  setInterval(sounds, EVERY_MS);
  show();
}
