// A browser that looks after the line as a supervisor does: board, incidents, reports, and a timeline to print,
// with axe on every page:
//   node board.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new and has the sandbox gateway.

import { join } from "node:path";
import { base, browser, complaints, end, examine, firstAdministrator, holds, must, page, shots, step, tabTo } from "./walk.mjs";

await firstAdministrator();

await must("nothing was there before the first text", async () => {
  await page.getByRole("link", { name: "Reports", exact: true }).click();
  await page.getByText("None in this time.").first().waitFor({ state: "attached" });
});
await examine("reports-empty");

// Texts as a provider would bring them: the sandbox gateway is its own provider.
const simulator = await browser.newContext();
const phone = await simulator.newPage();
await must("two people text, one of them in a crisis", async () => {
  await phone.goto(`${base}/simulator`);
  for (const words of ["menu", "i want to die"]) {
    await phone.locator(".phone:not(.on-call)").getByLabel("Text to the line").fill(words);
    await phone.locator(".phone:not(.on-call)").getByRole("button", { name: "Send" }).click();
    await phone.locator(".phone:not(.on-call) .theirs", { hasText: "988" }).first().waitFor();
  }
});

await must("the board says who waits, without a reload", async () => {
  await page.getByRole("link", { name: "Board", exact: true }).click();
  await page.getByRole("heading", { name: /^(Green|Amber|Red): / }).waitFor();
  await page.getByText("Waits longest:").waitFor();
});
await examine("board-waiting");

await must("one press claims a case, and the board shows who has it", async () => {
  await page.getByRole("button", { name: /^Claim case/ }).click();
  await page.getByLabel("Your text to them").fill("I am here with you.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".message.staff", { hasText: "I am here with you." }).waitFor();
  await page.goto(`${base}/board`);
  await page.locator(".load", { hasText: "1 conversation" }).waitFor();
});
await examine("board-held");

await step("from the keyboard a call for help is made, and refused where nobody can be told", async () => {
  await page.goto(`${base}/board`);
  await tabTo((_, name) => name === "Call for help");
  await page.keyboard.press("Enter");
  await page.locator(".problem, .done").first().waitFor();
});
await examine("board-called");

await must("the timeline has every step, and is printed without menus", async () => {
  await page.goto(`${base}/board`);
  await page.getByRole("link", { name: /^Observe/ }).first().click();
  await page.getByRole("link", { name: "Timeline, to print" }).click();
  await page.getByText("A text comes in; triage: high.").waitFor();
  await page.getByText("First writes to the texter.").waitFor();
  holds((await page.getByText("i want to die").count()) === 0, "words of the texter are on it");
  holds((await page.getByText("I am here with you.").count()) === 0, "words of the team are on it");
});
await examine("timeline");

async function printed(name) {
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  holds(!(await page.locator("header.bar").isVisible()), "the menu is printed");
  const [ink, ground] = await page.evaluate(() => {
    const style = getComputedStyle(document.body);
    return [style.color, style.backgroundColor];
  });
  holds(ink === "rgb(0, 0, 0)" && ground === "rgb(255, 255, 255)", `${ink} on ${ground}`);
  if (shots) {
    await page.setViewportSize({ width: 794, height: 1123 });
    await page.screenshot({ path: join(shots, `${name}-printed.png`), fullPage: true });
    await page.pdf({ path: join(shots, `${name}.pdf`), format: "A4", margin: { top: "15mm", bottom: "15mm", left: "15mm", right: "15mm" } });
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  await page.emulateMedia({ media: "screen", colorScheme: "light" });
}
await step("on paper it is black on white, whatever the screen was", () => printed("timeline"));

await must("a hook in another's name is an incident; it is noted and looked after", async () => {
  await page.request.post(`${base}/hooks/sandbox/inbound`, { form: { From: "+15550155", Body: "menu", MessageSid: "SM1" } });
  const card = page.locator(".card h3 a", { hasText: "Hooks whose signature does not hold" });
  do await page.goto(`${base}/incidents`); while ((await card.count()) === 0);
  await card.click();
  await page.getByRole("heading", { name: "What it means" }).waitFor();
  await page.getByRole("button", { name: "Keep the note" }).click();
  await page.getByText("Write a short note").first().waitFor();
  await page.getByLabel("Note").fill("looked at it");
  await page.getByRole("button", { name: "I look after it" }).click();
  await page.getByText("First looks after it.").waitFor();
  await page.getByText("looked at it").waitFor();
});
await examine("incident");
await step("an incident is printed without its form", () => printed("incident"));
await must("the list of incidents is there", async () => {
  await page.goto(`${base}/incidents`);
  await page.getByRole("heading", { name: "Incidents", exact: true }).waitFor();
});
await examine("incidents");

await must("the reports have a chart with words beside each table, and tables to take away", async () => {
  await page.goto(`${base}/reports?days=7`);
  const charts = page.getByRole("img", { name: /Conversations by hour/ });
  await charts.waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV of Tiers" }).click();
  const name = (await download).suggestedFilename();
  holds(/^harborline-tiers-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv$/.test(name), name);
});
await examine("reports");
await step("a report is printed", () => printed("reports"));

await must("a time that is none is refused beside its field", async () => {
  await page.getByLabel("From").fill("2026-02-01");
  await page.getByLabel("Until, and with it").fill("2026-01-01");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("The last day is before the first one").first().waitFor();
});
await examine("reports-refused");

await step("all of it works without JavaScript", async () => {
  const still = await browser.newContext({ javaScriptEnabled: false });
  await still.addCookies(await page.context().cookies());
  const plain = await still.newPage();
  await plain.goto(`${base}/board`);
  await plain.getByRole("heading", { name: "Who has what" }).waitFor();
  await plain.getByRole("button", { name: "Call for help" }).click();
  await plain.locator(".problem, .done").first().waitFor();
  await plain.goto(`${base}/reports?days=90`);
  await plain.getByRole("heading", { name: "Outcomes" }).waitFor();
  await still.close();
});

await step("the pages complained about nothing", async () => {
  const unexpected = complaints.filter((words) => !words.includes("422"));
  holds(unexpected.length === 0, unexpected.join("\n"));
});

await end();
