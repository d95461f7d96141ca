// What every walk through the pages in a browser shares: steps that are counted, axe on every page in
// every scheme, reflow at 320 px, targets of 44 px, pictures for whoever looks. Nothing sleeps here:
// every step waits for what it expects to see.

import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PATIENCE = 20_000;
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 800 };
// The system asks for light or dark; night is chosen.
const SCHEMES = ["light", "dark", "night"];

// The arguments of a walk: node WALK.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
export const [base, setupLink, shots] = process.argv.slice(2);
if (!base || !setupLink) {
  console.error("usage: node WALK.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]");
  process.exit(1);
}
if (shots) mkdirSync(shots, { recursive: true });

let passed = 0;
const failures = [];

export async function step(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    const failure = `FAILED  ${name}\n        ${String(error.message ?? error).split("\n").join("\n        ")}\n        at ${page.url()}`;
    failures.push(failure);
    console.log(failure);
    return false;
  }
  return true;
}

// Without this step the others say nothing.
export async function must(name, work) {
  if (!(await step(name, work))) await end();
}

// The exit code is 0 when everything passed, else 1.
export async function end() {
  await browser.close();
  // Again at the end, where it is found.
  console.log([...failures, `${passed} passed, ${failures.length} failed`].join("\n"));
  process.exit(failures.length === 0 ? 0 : 1);
}

export function holds(condition, words) {
  if (!condition) throw new Error(words);
}

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
// axe is put in by the test itself, which the pages' own policy forbids everyone else.
export const context = await browser.newContext({ viewport: DESK, bypassCSP: true, reducedMotion: "reduce", locale: "en-US" });
context.setDefaultTimeout(PATIENCE);
export const page = await context.newPage();

export const complaints = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("console", (message) => {
  if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico")) complaints.push(message.text());
});

// What an ordinary page complains about: a refused form answers with 422, which a console reports.
export const unexpected = () => complaints.filter((words) => !words.includes("422"));

// axe at desktop and phone width, reflow at 320 px, pictures: light, dark and night.
export async function examine(name) {
  // Words can be there before their styles.
  await page.waitForLoadState();
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: colorScheme === "light" ? "light" : "dark" });
    await page.evaluate((night) => {
      if (night) document.documentElement.dataset.theme = "night";
      else delete document.documentElement.dataset.theme;
    }, colorScheme === "night");
    for (const viewport of colorScheme === "night" ? [PHONE] : [PHONE, DESK]) {
      await page.setViewportSize(viewport);
      await step(`${name}: axe finds nothing (${colorScheme}, ${viewport.width} px)`, async () => {
        if (!(await page.evaluate(() => "axe" in globalThis))) await page.addScriptTag({ path: axe });
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        const words = violations.flatMap((violation) => [
          `${violation.id}: ${violation.help}`,
          ...violation.nodes.map((node) => `  ${node.target.join(" ")}: ${node.failureSummary}`),
        ]);
        holds(violations.length === 0, words.join("\n"));
      });
      if (!shots) continue;
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${viewport.width}.png`), fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.evaluate(() => { delete document.documentElement.dataset.theme; });
  await step(`${name}: fits 320 px without scrolling sideways`, async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    holds(wide <= room, `${wide} px of content in ${room} px`);
  });
  await step(`${name}: what can be touched is 44 px high`, async () => {
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("button, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea, label:has(input), summary, header a, .crumbs a, .row a, .button")]
        // What only a screen reader or the Enter key finds is not touched; a log inside a message is inline.
        .filter((element) => element.checkVisibility() && !element.matches(".unseen, .message summary") && element.getBoundingClientRect().height < 43.9)
        .map((element) => `${element.tagName} ${element.textContent.trim().slice(0, 30)}`));
    holds(small.length === 0, small.join(", "));
  });
  await page.setViewportSize(DESK);
}

// Whoever sits there has no session any more. A live page is left first: as soon as it hears of it, it goes to the
// sign-in page by itself, and would cut off where the walk goes next.
export async function forgetSession() {
  await page.goto("about:blank");
  await context.clearCookies();
}

// Takes the set-up link up, and lands in an empty queue.
export async function firstAdministrator() {
  await must("the first administrator is made", async () => {
    await page.goto(setupLink);
    await page.getByLabel("Your name").fill("First");
    await page.getByLabel("E-mail address").fill("first@example.org");
    await page.getByLabel("Password").fill("a long enough password");
    await page.getByRole("button", { name: "Make my account" }).click();
    await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
  });
}

// Somebody who has not texted before does so, and hears something.
export async function newPersonTexts(words) {
  const other = await context.newPage();
  await other.goto(`${base}/simulator`);
  const answer = other.locator(".phone:not(.on-call) .theirs").first();
  await other.getByRole("button", { name: "New person" }).click();
  // Until the phone is the new person's, it shows what the one before was answered.
  await answer.waitFor({ state: "detached" });
  await other.getByLabel("Text to the line").fill(words);
  await other.keyboard.press("Enter");
  await answer.waitFor();
  await other.close();
}

// The keyboard, in the hands of somebody who sees that the page is there. A page shows its words before its script has
// come; a key that is pressed in between is the browser's.
export const keys = {
  press: async (key) => { await page.waitForLoadState(); await page.keyboard.press(key); },
  type: async (words) => { await page.waitForLoadState(); await page.keyboard.type(words); },
};

// Presses Tab until the focus is on what a test of the element's text and id wants, as who has no mouse.
export async function tabTo(wanted) {
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press("Tab");
    // Asked at once: the page may change between two questions.
    const [id, name, outline] = await page.evaluate(() => {
      const here = document.activeElement ?? document.body;
      return [here.id, here.textContent.trim(), getComputedStyle(here).outlineStyle];
    });
    if (wanted(id, name)) {
      holds(outline !== "none", `the focus on ${name || id} cannot be seen`);
      return;
    }
  }
  throw new Error("Tab does not lead there");
}
