// A page that loses its connection, again and again:
//   node live.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// Between browser and server stands a proxy that can be cut. The server is new: no account, the sandbox
// gateway. Exit code 0 when everything passed, else 1.

import { createServer, connect } from "node:net";
import { base, end, holds, must, newPersonTexts, page, setupLink, step } from "./walk.mjs";

const server = new URL(base);
const sockets = new Set();
let cut = false;
const proxy = createServer((from) => {
  if (cut) return from.destroy();
  const to = connect(Number(server.port), server.hostname);
  for (const [one, other] of [[from, to], [to, from]]) {
    sockets.add(one);
    one.pipe(other);
    one.on("error", () => other.destroy());
    one.on("close", () => { sockets.delete(one); other.destroy(); });
  }
});
await new Promise((ready) => proxy.listen(0, "127.0.0.1", ready));
const through = `http://127.0.0.1:${proxy.address().port}`;

function lose() {
  cut = true;
  for (const socket of sockets) socket.destroy();
}
function mend() {
  cut = false;
}

let sent = 0;
async function somebodyTexts(words) {
  sent += 1;
  await newPersonTexts(words);
}

// Numbers that are the same in every run.
let seed = 7;
function random(below) {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed % below;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

await must("the first administrator is made", async () => {
  await page.goto(through + new URL(setupLink).pathname);
  await page.getByLabel("Your name").fill("First Administrator");
  await page.getByLabel("E-mail address").fill("admin@example.org");
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.locator(".calm", { hasText: "Nobody is waiting." }).waitFor();
});

await step("a lost connection is said within three seconds, and its return too", async () => {
  await page.locator(".stale").waitFor({ state: "hidden" });
  const before = Date.now();
  lose();
  await page.locator(".stale").waitFor({ state: "visible", timeout: 3_000 });
  holds(Date.now() - before < 3_000, "too late");
  await somebodyTexts("i want to die");
  mend();
  await page.locator(".row", { hasText: "Case" }).waitFor();
  await page.locator(".stale").waitFor({ state: "hidden" });
});

await step("after 200 cuts the page shows what the server has", async () => {
  for (let cuts = 0; cuts < 200; cuts += 1) {
    lose();
    if (cuts % 40 === 20) await somebodyTexts("can i talk to a person");
    await pause(random(cuts % 20 === 0 ? 1_500 : 60));
    mend();
    await pause(random(120));
  }
  await page.locator(".stale").waitFor({ state: "hidden" });
  await page.locator("h1 .count", { hasText: String(sent) }).waitFor();
  // What waits changes by the second; everything else is the same.
  const same = async () => page.evaluate(async () => {
    const plain = (node) => [...node.querySelectorAll("li")].map((row) => row.textContent.replace(/\d+ (min|s|h)/g, "").replace(/\s+/g, " "));
    const region = document.querySelector("[data-live]");
    const response = await fetch(region.dataset.fragment);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    return [plain(region).join("\n"), plain(fresh.body).join("\n")];
  });
  const [have, want] = await same();
  holds(have === want, `${have}\n--- but the server has\n${want}`);
});

await step("what happens after a return is heard at once", async () => {
  await somebodyTexts("i want to die");
  await page.locator("h1 .count", { hasText: String(sent) }).waitFor({ timeout: 3_000 });
});

await step("the alarm is tested, and sounds until the case is claimed", async () => {
  await page.getByRole("button", { name: "Test the alarm" }).click();
  await page.getByRole("button", { name: "I heard it: switch it on" }).click();
  await page.getByText("The alarm is on").waitFor();
  await page.getByRole("alert").filter({ hasText: "and nobody has taken" }).waitFor();
  holds((await page.title()).startsWith(`(${sent})`), await page.title());
  await page.locator('[data-alarm][data-rung="2"]').waitFor();
  for (let left = sent; left > 0; left -= 1) {
    await page.goto(`${through}/`);
    await page.getByRole("button", { name: /^Claim / }).first().click();
    await page.getByText("yours until").waitFor();
  }
  // A browser lets it sound where somebody has pressed something before.
  await page.getByRole("link", { name: "Queue", exact: true }).click();
  await page.getByText("The alarm is on").waitFor();
  await page.locator("[data-alarm-banner]").waitFor({ state: "hidden" });
  await page.locator(".calm", { hasText: "Nobody is waiting." }).waitFor();
});

proxy.close();
lose();
await end();
