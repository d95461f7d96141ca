// A browser that goes through the pages of on call as a supervisor does, with axe on every page:
//   node on-call.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new.

import { base, browser, end, examine, holds, must, page, setupLink, step, tabTo, unexpected } from "./walk.mjs";

await must("the first administrator is made", async () => {
  await page.goto(setupLink);
  await page.getByLabel("Your name").fill("First");
  await page.getByLabel("E-mail address").fill("first@example.org");
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
});

// Colleagues who can be put on call. What an invitation looks like is a walk of its own.
const invitations = {};
await must("three colleagues are invited", async () => {
  for (const [name, role] of [["Second", "responder"], ["Third", "responder"], ["Night", "supervisor"]]) {
    await page.goto(`${base}/people/invite`);
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("E-mail address").fill(`${name.toLowerCase()}@example.org`);
    await page.locator(`#role-${role}`).check();
    await page.getByRole("button", { name: "Make the invitation" }).click();
    invitations[name] = await page.getByLabel("The link").inputValue();
  }
});

await must("without a schedule the page says whom pages go to", async () => {
  await page.getByRole("link", { name: "On call", exact: true }).click();
  await page.getByText("Nobody is on call now.").waitFor();
  await page.getByText("There is no schedule yet").waitFor();
});
await examine("on-call-empty");

await step("a zone that does not exist is refused, and what was typed stays", async () => {
  await page.getByRole("link", { name: "Make a schedule" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Nights");
  await page.getByLabel("Time zone").fill("Europe/Nowhere");
  await page.getByRole("button", { name: "Make the schedule" }).click();
  await page.getByRole("alert").filter({ hasText: "Europe/Nowhere" }).waitFor();
  holds((await page.getByLabel("Name", { exact: true }).inputValue()) === "Nights", "the name was lost");
});
await examine("schedule-form");

await must("a schedule is made", async () => {
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await page.getByRole("button", { name: "Make the schedule" }).click();
  await page.getByRole("status").filter({ hasText: "The schedule is kept." }).waitFor();
  await page.getByRole("heading", { name: "Nights" }).waitFor();
});

await must("a rotation is made; its order is changed by buttons", async () => {
  await page.getByRole("link", { name: "New rotation" }).click();
  await page.getByLabel("Name", { exact: true }).fill("By day and night");
  await page.getByLabel("Number").fill("1");
  await page.getByLabel("Unit").selectOption("days");
  await page.getByLabel("First hand-off").fill("2026-01-05T08:00");
  for (const name of ["Second", "Third", "First"]) {
    await page.getByLabel("Add a person").selectOption(name);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.locator(".order li", { hasText: name }).waitFor();
  }
  await page.getByRole("button", { name: "Up: First, turn 3" }).click();
  await page.locator(".order li:nth-child(2)", { hasText: "First" }).waitFor();
  holds((await page.getByLabel("Unit").inputValue()) === "daily", "what was chosen is lost by a move");
});
await examine("rotation-form");
await must("the rotation is kept, and shows in the days ahead", async () => {
  await page.getByRole("button", { name: "Make the rotation" }).click();
  await page.getByRole("status").filter({ hasText: "The rotation is kept." }).waitFor();
  await page.getByText("Second → First → Third").waitFor();
  holds((await page.locator(".days tbody tr").count()) === 14, "14 days");
});
await step("a shift is added", async () => {
  await page.getByRole("link", { name: "New shift" }).click();
  await page.getByLabel("Person").selectOption("Night");
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel("From").fill(`${tomorrow}T20:00`);
  await page.getByLabel("To", { exact: true }).fill(`${tomorrow}T19:00`);
  await page.getByRole("button", { name: "Make the shift" }).click();
  await page.getByRole("alert").filter({ hasText: "It ends before it starts" }).waitFor();
  await page.getByLabel("To", { exact: true }).fill(`${tomorrow}T23:00`);
  await page.getByRole("button", { name: "Make the shift" }).click();
  await page.getByRole("status").filter({ hasText: "The shift is kept." }).waitFor();
});
await examine("schedule");

await must("who is on call now is on the page", async () => {
  await page.getByRole("link", { name: "On call", exact: true }).first().click();
  await page.locator(".turns.now li").first().waitFor();
});
await examine("on-call");

const present = async () => (await page.locator(".turns.now .name").first().textContent()).trim();

await step("an override takes two clicks", async () => {
  const before = await present();
  await page.getByRole("link", { name: `Replace… ${before}, on call now` }).click();
  await page.getByRole("button", { name: "Night" }).click();
  await page.getByRole("status").filter({ hasText: "It is changed" }).waitFor();
  holds((await present()) === "Night", `${await present()} is on call`);
});

await step("an override by keyboard alone", async () => {
  await tabTo((_, name) => name.startsWith("Replace…") && name.includes("Night, on call now"));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Replace Night" }).waitFor();
  await tabTo((_, name) => name === "Third" || name === "Second");
  const instead = await page.evaluate(() => document.activeElement.textContent.trim());
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "It is changed" }).waitFor();
  holds((await present()) === instead, `${await present()} is on call, not ${instead}`);
});

await step("a reason that is too long, and Enter in a field, change nothing", async () => {
  const before = await present();
  await page.getByRole("link", { name: `Replace… ${before}, on call now` }).click();
  await page.getByText("Other times, a reason").click();
  await page.getByLabel("Reason").fill("late");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "Choose a person." }).waitFor();
  holds((await page.getByLabel("Reason").inputValue()) === "late", "the reason was lost");
});
await examine("override-form");

await step("an override is taken back, after a question", async () => {
  await page.getByRole("link", { name: "Nights" }).click();
  await page.getByRole("link", { name: /^Take back…/ }).first().click();
  await page.getByRole("heading", { name: "Take this change back?" }).waitFor();
});
await examine("confirm");
await step("the question is answered with yes", async () => {
  await page.getByRole("button", { name: "Take it back" }).click();
  await page.getByRole("status").filter({ hasText: "The change is taken back." }).waitFor();
});

await step("all of it works without JavaScript", async () => {
  const cookies = await page.context().cookies();
  const still = await browser.newContext({ javaScriptEnabled: false });
  await still.addCookies(cookies);
  const plain = await still.newPage();
  await plain.goto(`${base}/on-call`);
  const before = (await plain.locator(".turns.now .name").first().textContent()).trim();
  await plain.getByRole("link", { name: `Replace… ${before}, on call now` }).click();
  const others = plain.locator(".candidates button");
  const instead = (await others.first().textContent()).trim();
  await others.first().click();
  await plain.getByRole("status").filter({ hasText: "It is changed" }).waitFor();
  const after = (await plain.locator(".turns.now .name").first().textContent()).trim();
  holds(after === instead, `${after} is on call, not ${instead}`);
  await still.close();
});

await step("the pages complained about nothing", async () => {
  holds(unexpected().length === 0, unexpected().join("\n"));
});

await end();
