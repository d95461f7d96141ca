// A browser that goes through the pages of on call as a supervisor does, with axe on every page:
//   node on-call.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new.

import { base, browser, end, examine, firstAdministrator, holds, must, page, shots, step, tabTo, unexpected } from "./walk.mjs";

await firstAdministrator();

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

await must("without a schedule the page says whom pages go to, and is calm", async () => {
  await page.getByRole("link", { name: "On call", exact: true }).click();
  await page.getByText("There is no schedule yet").waitFor();
  await page.getByText("every page goes to the").first().waitFor();
  holds((await page.getByText("Nobody is on call now.").count()) === 0, "it is an alarm");
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

await must("a policy is written rung by rung, and tried on paper", async () => {
  await page.getByRole("link", { name: "On call", exact: true }).first().click();
  await page.getByRole("link", { name: "Policies", exact: true }).click();
  await page.getByRole("link", { name: "New policy" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Crisis");
  await page.getByLabel("Nights", { exact: true }).check();
  await page.getByLabel("Seconds to answer").fill("5");
  await page.getByRole("button", { name: "Add a rung" }).click();
  await page.getByRole("group", { name: "Rung 2" }).waitFor();
  await page.getByRole("group", { name: "Rung 2" }).getByLabel("The contacts of the configuration").check();
  await page.getByRole("button", { name: "Make the policy" }).click();
});
await step("what is wrong is at its field, and nothing that was ticked is lost", async () => {
  // The browser refuses 5 by itself; a browser without such checks hears it from the server.
  await page.locator("form").last().evaluate((form) => { form.noValidate = true; });
  await page.getByRole("button", { name: "Make the policy" }).click();
  await page.getByRole("alert").filter({ hasText: "Rung 1 waits 5 seconds" }).waitFor();
  holds((await page.locator("#delay-0").getAttribute("aria-invalid")) === "true", "the field is not marked");
  holds(await page.getByRole("group", { name: "Rung 1" }).getByLabel("Nights", { exact: true }).isChecked(), "the target was lost");
  await page.getByRole("group", { name: "Rung 1" }).getByLabel("Seconds to answer").fill("60");
});
await step("who would be paged is shown without keeping anything", async () => {
  await page.getByText("Try it: who would be paged now?").click();
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByText("Climbed in vain: everyone").waitFor();
});
await examine("policy-form");
await must("the policy is kept and pages for a crisis", async () => {
  await page.getByRole("button", { name: "Make the policy" }).click();
  await page.getByRole("status").filter({ hasText: "The policy is kept." }).waitFor();
  await page.getByLabel("For a crisis").selectOption("Crisis");
  await page.getByRole("button", { name: "Use it for a crisis" }).click();
  await page.getByText("Pages for a crisis.").waitFor();
});
await examine("policies");
await step("who would be paged now", async () => {
  await page.getByRole("link", { name: "Who would be paged? For a crisis" }).click();
  await page.getByRole("heading", { name: "Who would be paged for a crisis" }).waitFor();
});
await examine("policy-trial");

await step("who cannot be paged cannot be tested, and the page says why", async () => {
  await page.getByRole("link", { name: "Send a test page…" }).click();
  await page.getByRole("button", { name: "Test whoever is on call now" }).click();
  await page.getByRole("alert").filter({ hasText: "cannot be paged" }).waitFor();
});
await examine("page-tests");

const second = await browser.newContext({ locale: "en-US", viewport: { width: 390, height: 844 } });
await must("a colleague takes their invitation up", async () => {
  const theirs = await second.newPage();
  await theirs.goto(invitations.Second);
  await theirs.getByLabel("Password").fill("a long enough password");
  await theirs.getByRole("button", { name: "Make my account" }).click();
  await theirs.getByRole("heading", { name: "Waiting for a person" }).waitFor();
  await theirs.close();
});

await step("a swap is offered with two clicks", async () => {
  await page.goto(`${base}/on-call`);
  await page.getByRole("link", { name: /^Offer a swap…/ }).first().click();
  await page.getByRole("heading", { name: "Offer a swap" }).waitFor();
});
await examine("swap-form");
await step("and the other one says yes on a phone", async () => {
  await page.getByRole("button", { name: "Ask Second: For nothing in return" }).click();
  await page.getByRole("status").filter({ hasText: "They are asked." }).waitFor();
  const theirs = await second.newPage();
  await theirs.goto(`${base}/on-call`);
  await theirs.getByText("First asks you to take a turn on Nights").waitFor();
  if (shots) await theirs.screenshot({ path: `${shots}/offer-light-390.png`, fullPage: true });
  await theirs.getByRole("button", { name: "Yes, I take it" }).click();
  await theirs.getByRole("status").filter({ hasText: "The swap is made" }).waitFor();
  await theirs.close();
});

await must("a case comes up by itself with its clocks, and is taken from here", async () => {
  await page.goto(`${base}/on-call`);
  await page.getByText("None: nobody waits for a person.").waitFor();
  const phone = await page.context().newPage();
  await phone.goto(`${base}/simulator`);
  await phone.getByLabel("Text to the line").fill("i want to kill myself");
  await phone.keyboard.press("Enter");
  await phone.locator(".phone:not(.on-call) .theirs").first().waitFor();
  await phone.close();
  await page.getByText("by nobody yet").waitFor();
});
await examine("on-call-case");
await step("taking it leads to the conversation", async () => {
  await page.getByRole("button", { name: /^Take / }).click();
  await page.getByRole("status").filter({ hasText: "The case is yours." }).waitFor();
  await page.goto(`${base}/on-call`);
  await page.getByText("by First, after").waitFor();
});
await examine("on-call-taken");

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
