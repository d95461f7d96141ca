// A browser that goes through the pages as the three people do, with axe on every page:
//   node simulator.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new: no account, the sandbox gateway.

import { base, browser, complaints, context, end, examine, holds, must, newPersonTexts, page, setupLink, step, tabTo } from "./walk.mjs";

const REPLY = "Hello, I am here with you. Are you safe right now?";

const texter = page.locator('.phone:not(.on-call)');
const onCall = page.locator(".phone.on-call").first();
const arrived = (phone, words) => phone.locator(".theirs", { hasText: words }).first().waitFor();

await must("the simulator opens with a new person's phone", async () => {
  await page.goto(`${base}/simulator`);
  await texter.locator("[data-label]", { hasText: "+1 555 01" }).waitFor();
});

await step("MENU by keyboard alone: the welcome and the menu arrive", async () => {
  await tabTo((id) => id === "texter-body");
  await page.keyboard.type("MENU");
  await page.keyboard.press("Enter");
  await arrived(texter, "Call or text 988");
  await arrived(texter, "Reply with a number");
});

await step("a crisis text is answered with 988 at once", async () => {
  await texter.getByLabel("Text to the line").fill("i want to die");
  await texter.getByRole("button", { name: "Send" }).click();
  await texter.locator(".theirs", { hasText: "sent at once" }).filter({ hasText: "988" }).waitFor();
});

let code = "";
await must("the on-call phone is paged with a code", async () => {
  const paged = onCall.locator(".theirs .words", { hasText: /Reply [A-Z]\d+ to take it/ }).first();
  await paged.waitFor();
  code = (await paged.textContent()).match(/Reply ([A-Z]\d+) to take it/)[1];
  holds(!(await onCall.textContent()).includes("i want to die"), "the page repeats what the texter wrote");
});

await step("the responder answers with the code and hears that the case is theirs", async () => {
  await onCall.getByLabel("Answer from the on-call phone").fill(code);
  await page.keyboard.press("Enter");
  await arrived(onCall, `${code} is yours`);
});

await step("a reload keeps the phone and its texts, each once", async () => {
  const before = await texter.locator(".bubble").count();
  await page.reload();
  await arrived(texter, "Reply with a number");
  const after = await texter.locator(".bubble").count();
  holds(before === after, `${before} texts before, ${after} after`);
});

await step("words are shown as words, never as markup", async () => {
  await texter.getByLabel("Text to the line").fill("<img src=x> <b>menu</b>");
  await page.keyboard.press("Enter");
  await texter.locator(".bubble.mine", { hasText: "<b>menu</b>" }).waitFor();
  holds((await page.locator(".log img, .log b").count()) === 0, "markup came through");
});

await step("who was wished for last stays, although the person before arrives late", async () => {
  const other = await context.newPage();
  let arrives;
  const late = new Promise((free) => { arrives = free; });
  await other.route("**/simulator/phones", async (route) => { await late; await route.continue(); }, { times: 1 });
  const answers = [];
  other.on("response", (response) => { if (response.url().endsWith("/simulator/phones")) answers.push(response.finished()); });
  const first = other.waitForRequest("**/simulator/phones");
  await other.goto(`${base}/simulator`);
  await first;
  await other.getByRole("button", { name: "New person" }).click();
  await other.getByLabel("Text to the line").fill("MENU");
  await other.keyboard.press("Enter");
  arrives();
  await other.locator(".phone:not(.on-call) .theirs").first().waitFor();
  holds(answers.length === 2, `${answers.length} persons came, and not 2`);
  await Promise.all(answers);
  await other.close();
});

await examine("simulator");

// The staff, in a second page, so that the phone goes on living in the first.
const phones = page;
await step("without a session the queue leads to the sign-in page", async () => {
  await page.goto(`${base}/`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});
await examine("sign-in");

await must("the set-up link opens", async () => {
  await page.goto(setupLink);
  await page.getByRole("heading", { name: "Set up" }).waitFor();
});
await examine("setup");

await must("the first administrator is made, and sees the case in the queue", async () => {
  await page.getByLabel("Your name").fill("First Administrator");
  await page.getByLabel("E-mail address").fill("admin@example.org");
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.locator(".row", { hasText: `Case ${code}` }).waitFor();
});

await step("the queue changes by itself when somebody else texts", async () => {
  await newPersonTexts("can i talk to a person");
  await page.locator(".row", { hasText: "asks for a person" }).waitFor();
  await page.getByRole("status").filter({ hasText: "Waiting for a person: 2." }).waitFor();
});

await step("a more urgent case comes above, and the focus stays where it was", async () => {
  await page.getByRole("link", { name: `Case ${code}` }).focus();
  // A notice stands above the list until it changes. As soon as another case stands first, two presses come: one that
  // was meant for what stood above the list, and one for the case before.
  await page.evaluate(() => {
    const first = document.querySelector(".row");
    const { left, top } = first.getBoundingClientRect();
    document.querySelector(".stale").hidden = false;
    const aimed = [top + 9, first.getBoundingClientRect().top + 9];
    globalThis.opened = new Promise((done) => {
      new MutationObserver((_, watching) => {
        const now = document.querySelector(".row");
        if (now === first) return;
        watching.disconnect();
        const press = (clientY) => new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1, clientX: left + 9, clientY });
        done(aimed.map((y) => now.querySelector("a").dispatchEvent(press(y))).some(Boolean));
      }).observe(document.querySelector("[data-live]"), { childList: true, subtree: true });
    });
  });
  await newPersonTexts("i am going to kill myself tonight");
  await page.locator(".row:nth-child(1) .tier", { hasText: "imminent" }).waitFor();
  await page.locator(".row:nth-child(2)", { hasText: `Case ${code}` }).waitFor();
  const focused = await page.evaluate(() => document.activeElement?.textContent ?? "");
  holds(focused.includes(`Case ${code}`), "the focus went away");
  holds(!(await page.evaluate(() => globalThis.opened)), "a case was opened that had only just come there");
});

await examine("queue");

await step("claim and reply", async () => {
  await page.getByRole("link", { name: `Case ${code}` }).click();
  await page.getByRole("button", { name: "Claim this conversation" }).click();
  await page.getByText("yours until").waitFor();
  await page.getByLabel("Your text to them").fill(REPLY);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".message.staff", { hasText: REPLY }).waitFor();
});

await step("the thread shows that the reply was delivered, without a reload", async () => {
  await page.getByLabel("Your text to them").fill("a draft");
  await page.locator(".message.staff", { hasText: "delivered" }).waitFor();
  const draft = await page.getByLabel("Your text to them").inputValue();
  holds(draft === "a draft", "the draft was lost");
});
await step("a session that ends takes no draft with it", async () => {
  await page.waitForLoadState();
  await page.getByLabel("Your text to them").fill("half a sentence");
  const kept = await context.cookies();
  await context.clearCookies();
  // The page may go there by itself at the same moment.
  await page.reload().catch(() => {});
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await context.addCookies(kept);
  await page.goBack();
  // The page's script puts it there, once it has come.
  await page.waitForFunction(() => document.querySelector("#body")?.value === "half a sentence");
  await page.getByLabel("Your text to them").fill("");
});

await step("what was sent is no draft any more", async () => {
  await page.getByLabel("Your text to them").fill("I am still here.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".message.staff", { hasText: "I am still here." }).waitFor();
  holds((await page.getByLabel("Your text to them").inputValue()) === "", "it would be sent twice");
});
await examine("conversation");

await step("the reply arrives on the texter's phone", async () => {
  await phones.goto(`${base}/simulator`);
  await arrived(texter, REPLY);
});

await step("the pages complained about nothing", async () => {
  holds(complaints.length === 0, complaints.join("\n"));
});

await step("a lost connection is said, and its return too", async () => {
  await page.route("**/simulator/events", (route) => route.abort());
  await page.reload();
  await page.locator(".stale").waitFor();
  await page.unroute("**/simulator/events");
  await page.locator(".stale").waitFor({ state: "hidden" });
});

await step("without JavaScript the page says what to do, and shows no dead phone", async () => {
  const plain = await browser.newPage({ javaScriptEnabled: false });
  await plain.goto(`${base}/simulator`);
  await plain.locator("noscript code").waitFor();
  holds((await plain.locator("noscript code").textContent()) === "harborline chat", "no way on is named");
  holds(!(await plain.locator(".phones").isVisible()), "a phone is shown that cannot work");
  await plain.close();
});

await end();
