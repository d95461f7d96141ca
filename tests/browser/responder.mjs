// The whole journey of a responder, four times: by mouse (with axe on every page), by keyboard alone, on a
// phone, and without JavaScript:
//   node responder.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// Sign in with a second factor, queue, alarm, claim, canned reply, send, tier, note, hand on, close. The server
// is new, and wants a second factor of administrators.

import { code } from "./totp.mjs";
import { base, browser, context, end, examine, forgetSession, holds, keys, must, newPersonTexts, page, PHONE, setupLink, step, tabTo, unexpected } from "./walk.mjs";

const PASSWORD = "a long enough password";
const ASKS = "I want to ask you straight, because I care. Are you thinking about suicide?";

let texters = 0;
// Somebody in crisis; their case is the only one that waits.
async function somebodyTexts() {
  texters += 1;
  const phone = await context.newPage();
  await phone.goto(`${base}/simulator`);
  await phone.getByRole("button", { name: "New person" }).click();
  await phone.getByLabel("Text to the line").fill("i want to die");
  await phone.keyboard.press("Enter");
  await phone.locator(".phone:not(.on-call) .theirs").first().waitFor();
  return phone;
}

// What the texter got.
const arrives = (phone, words) => phone.locator(".phone:not(.on-call) .theirs", { hasText: words }).first().waitFor();

// Holds requests to an address back until they may go.
async function hold(address) {
  let go;
  let came;
  const free = new Promise((done) => { go = done; });
  const here = new Promise((done) => { came = done; });
  await page.route(address, async (route) => { came(); await free; await route.continue(); });
  return { go, came: here };
}

// The badge of an installed app, which a browser without one does not show.
await context.addInitScript(() => {
  const badge = (number) => { globalThis.badge = number; return Promise.resolve(); };
  Object.defineProperty(Navigator.prototype, "setAppBadge", { value: badge });
  Object.defineProperty(Navigator.prototype, "clearAppBadge", { value: () => badge(0) });
});
// The title and the badge say how many wait.
async function saysWaiting(many) {
  await page.waitForFunction((number) => globalThis.badge === number, many);
  const title = await page.title();
  holds(many ? title.startsWith(`(${many}) `) : !title.startsWith("("), title);
}

// Set up: an administrator with a second factor, and a colleague to hand a case to.
let secret = "";
let recovery = [];
await must("the first administrator is made, with a second factor", async () => {
  await page.goto(setupLink);
  await page.getByLabel("Your name").fill("First");
  await page.getByLabel("E-mail address").fill("first@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.getByRole("button", { name: "Show the picture" }).click();
  secret = await page.locator("code").textContent();
  await page.getByLabel("Code", { exact: true }).fill(code(secret));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  recovery = await page.locator(".codes code").allTextContents();
});
await must("a colleague is invited and comes", async () => {
  await page.goto(`${base}/people`);
  await page.getByRole("link", { name: "Invite somebody" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Second");
  await page.getByLabel("E-mail address").fill("second@example.org");
  await page.locator("#role-responder").check();
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const link = await page.getByLabel("The link").inputValue();
  const theirs = await browser.newPage();
  await theirs.goto(link);
  await theirs.getByLabel("password").first().fill(PASSWORD);
  await theirs.getByRole("button", { name: "Make my account" }).click();
  await theirs.getByRole("heading", { name: "Waiting for a person" }).waitFor();
  await theirs.close();
});

// Signs in on a page, with the code of the app or a recovery code.
async function signIn(on, factor) {
  await on.goto(`${base}/`);
  await on.getByLabel("E-mail address").fill("first@example.org");
  await on.getByLabel("Password").fill(PASSWORD);
  await on.getByRole("button", { name: "Sign in" }).click();
  await on.getByLabel("Code", { exact: true }).fill(factor);
  await on.getByRole("button", { name: "Sign in" }).click();
  await on.getByRole("heading", { name: "Waiting for a person" }).waitFor();
}

// By mouse.
await must("by mouse: sign in with the app, after signing out", async () => {
  await page.goto(`${base}/`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  // The app's code of before was used: this is the next one, which a clock a little ahead would show.
  await signIn(page, code(secret, Date.now() + 30_000));
});
let phone;
await must("by mouse: the alarm is tested, and somebody waits", async () => {
  await page.getByRole("button", { name: "Test the alarm" }).click();
  await page.getByRole("button", { name: "I heard it: switch it on" }).click();
  await page.getByText("The alarm is on").waitFor();
  phone = await somebodyTexts();
  await page.getByRole("alert").filter({ hasText: "1 person waits" }).waitFor();
  await saysWaiting(1);
  await page.locator('[data-alarm][data-rung="2"]').waitFor();
});
await step("by mouse: a list of another tier does not silence the alarm", async () => {
  await page.goto(`${base}/?tier=topic`);
  await page.getByText("No more of these.").waitFor();
  await page.getByRole("alert").filter({ hasText: "1 person waits" }).waitFor();
  await saysWaiting(1);
  await page.goto(`${base}/`);
});
await examine("queue-waiting");
await must("by mouse: claim", async () => {
  await page.getByRole("button", { name: /^Claim / }).click();
  await page.getByText("yours until").waitFor();
  await saysWaiting(0);
});
await step("by mouse: why triage fired opens, and stays open when the page reads itself again", async () => {
  await page.locator("summary", { hasText: "Why high: Says that they want to die" }).click();
  await page.getByText("suicide.want_to_die").waitFor();
  await page.evaluate(() => refresh());
  holds(await page.getByText("suicide.want_to_die").isVisible(), "it closed by itself");
});
await step("by mouse: why opens although the page's script is still to come", async () => {
  const held = await hold(/live.*\.js/);
  await page.reload({ waitUntil: "commit" });
  // As a press does, which a browser may drop while a page comes.
  await page.locator("details.why").evaluate((why) => { why.open = true; });
  held.go();
  await page.getByText("suicide.want_to_die").waitFor();
  await page.unroute(/live.*\.js/);
});
await step("by mouse: what stands behind a text is a page, too", async () => {
  const there = page.url();
  await page.goto(await page.locator(".message.line details.log > a").last().evaluate((link) => link.href));
  await page.getByRole("heading", { name: "Behind a text" }).waitFor();
  await page.getByText("Gateway log").waitFor();
  await page.goto(there);
});
await step("by mouse: a canned reply is searched, previewed and put in", async () => {
  await page.getByRole("link", { name: "Canned replies…" }).click();
  await page.getByRole("dialog").getByLabel("Search").fill("straight");
  await page.getByRole("dialog").getByText(ASKS).waitFor();
});
await examine("canned-dialog");
await must("by mouse: it stands in the reply, with its cost, and is not sent", async () => {
  await page.getByRole("dialog").getByRole("link", { name: /^Use it ?: Ask about suicide/ }).click();
  holds((await page.getByLabel("Your text to them").inputValue()) === ASKS, "it is not there");
  await page.locator("[data-cost]", { hasText: "1 segment (GSM-7, 75 units). Reading grade" }).waitFor();
  holds((await page.locator(".message.staff").count()) === 0, "it was sent");
});
await examine("conversation-draft");
await step("by mouse: the draft outlasts the browser", async () => {
  const other = await browser.newContext({ storageState: await context.storageState() });
  const there = await other.newPage();
  await there.goto(page.url());
  holds((await there.getByLabel("Your text to them").inputValue()) === ASKS, "it is not on the server");
  await other.close();
});
await step("by mouse: a send that fails loses nothing, and tried again it is one text", async () => {
  await page.route("**/reply", (route) => route.abort());
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").filter({ hasText: "It was not sent: the connection is lost." }).waitFor();
  holds((await page.getByLabel("Your text to them").inputValue()) === ASKS, "the text is lost");
  await page.unroute("**/reply");
  // The server takes it, and its answer is lost.
  await page.route("**/reply", async (route) => { await route.fetch(); await route.abort(); });
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").filter({ hasText: "It was not sent: the connection is lost." }).waitFor();
  await page.unroute("**/reply");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("[data-unsent]").waitFor({ state: "hidden" });
  await page.locator(".thread:not(.pending) .message.staff", { hasText: ASKS }).waitFor();
  await page.locator(".pending .message").waitFor({ state: "detached" });
  await arrives(phone, ASKS);
  await page.locator(".message.staff .sending.delivered").waitFor();
  holds((await page.locator(".message.staff").count()) === 1, "it was sent more than once");
  holds((await page.getByLabel("Your text to them").inputValue()) === "", "it would be sent again");
});
await step("by mouse: what is sent is shown before the server has answered", async () => {
  let go;
  const held = new Promise((free) => { go = free; });
  await page.route("**/reply", async (route) => { await held; await route.continue(); });
  await page.getByLabel("Your text to them").fill("Take your time.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".pending .message", { hasText: "Take your time." }).filter({ hasText: "sending…" }).waitFor();
  go();
  await page.locator(".thread:not(.pending) .message.staff", { hasText: "Take your time." }).waitFor();
  await page.locator(".pending .message").waitFor({ state: "detached" });
  await page.unroute("**/reply");
});
await step("by mouse: nobody answers what they have not read", async () => {
  await page.getByLabel("Your text to them").fill("Are you there?");
  await phone.getByLabel("Text to the line").fill("yes i am here");
  await phone.keyboard.press("Enter");
  await page.locator("[data-newer]", { hasText: "1 new message since you began to write." }).waitFor();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").filter({ hasText: "New messages came since you looked: 1." }).waitFor();
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".thread:not(.pending) .message.staff", { hasText: "Are you there?" }).waitFor();
});
await step("by mouse: a note, and another tier with its reason", async () => {
  await page.getByText("Note for the team").click();
  await page.getByLabel("Your note; it is never sent to them").fill("Sounds calmer.");
  await page.getByRole("button", { name: "Keep the note" }).click();
  await page.locator(".message.note", { hasText: "Sounds calmer." }).waitFor();
  await page.getByRole("link", { name: "Change the tier…" }).click();
  await page.getByRole("heading", { name: "How urgent is it?" }).waitFor();
});
await examine("tier");
await step("by mouse: the tier is decided", async () => {
  await page.getByLabel("Tier").selectOption("concern");
  await page.getByRole("button", { name: "Decide" }).click();
  await page.locator("h1 .tier", { hasText: "concern" }).waitFor();
});
await examine("conversation-full");
await step("by mouse: the case is offered to a colleague, and taken back", async () => {
  await page.getByRole("link", { name: "Hand it on…" }).click();
  await page.getByRole("button", { name: "Second" }).waitFor();
});
await examine("hand-on");
await step("by mouse: offered and taken back", async () => {
  await page.getByRole("button", { name: "Second" }).click();
  await page.getByRole("button", { name: "Take the offer back" }).click();
  await page.getByText("The offer is taken back.").waitFor();
});
await must("by mouse: who comes meanwhile is heard once, seen, counted in title and badge", async () => {
  // A browser lets it sound where somebody has pressed something before.
  await page.locator("h1").click();
  await newPersonTexts("i want to die");
  await page.getByRole("alert").filter({ hasText: "1 person waits, and nobody has taken the case." }).waitFor();
  await saysWaiting(1);
  await page.locator('[data-live][data-rung="1"]').waitFor();
});
await examine("conversation-others");
await step("by mouse: the page that closes a conversation", async () => {
  await page.getByRole("link", { name: "Close the conversation…" }).click();
  await page.getByRole("heading", { name: "Close the conversation" }).waitFor();
});
await examine("close");
await must("by mouse: it is closed with its outcome", async () => {
  await page.getByLabel(/^Safe for now/).check();
  await page.getByLabel(/^Then show me who waits/).check();
  await page.getByRole("button", { name: "Close the conversation" }).click();
  await page.getByRole("status").filter({ hasText: "The conversation is closed." }).waitFor();
});
await must("by mouse: and the next one who waits is there, and is answered too", async () => {
  await page.getByRole("button", { name: "Claim this conversation" }).click();
  await page.getByText("yours until").waitFor();
  await page.getByRole("link", { name: "Close the conversation…" }).click();
  await page.getByLabel(/^Safe for now/).check();
  await page.getByRole("button", { name: "Close the conversation" }).click();
  await page.locator(".calm", { hasText: "Nobody is waiting." }).waitFor();
  await saysWaiting(0);
});
await step("canned replies are edited", async () => {
  await page.getByRole("link", { name: "Replies", exact: true }).click();
  await page.getByRole("link", { name: "Write another…" }).click();
  await page.getByLabel("Title").fill("Evening");
  await page.getByLabel("Words").fill("Hi. I am {me}. I am with {line}.");
  await page.getByRole("button", { name: "Show how it reads" }).click();
  await page.locator(".preview", { hasText: "I am First. I am with" }).waitFor();
});
await examine("canned-form");
await step("and kept", async () => {
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByText("The canned reply is kept.").waitFor();
});
await examine("canned");
await step("the theme is chosen on one's own page, and kept", async () => {
  await page.goto(`${base}/me`);
  await page.getByRole("button", { name: "Night" }).click();
  await page.locator("html[data-theme=night]").waitFor();
  await page.goto(`${base}/`);
  await page.locator("html[data-theme=night]").waitFor();
  await page.goto(`${base}/me`);
});
await examine("me-look");
await step("and given back to the system", async () => {
  await page.getByRole("button", { name: "As the system does" }).click();
  await page.locator("html:not([data-theme])").waitFor();
});
await step("it can be installed, and its worker can be registered", async () => {
  const cdp = await context.newCDPSession(page);
  const { installabilityErrors } = await cdp.send("Page.getInstallabilityErrors");
  const errors = installabilityErrors.map((error) => error.errorId).filter((error) => error !== "in-incognito");
  holds(errors.length === 0, errors.join(", "));
  await page.evaluate(async () => { await navigator.serviceWorker.register("/sw.js"); await navigator.serviceWorker.ready; });
});
await step("the pages complained about nothing but what was cut", async () => {
  const others = unexpected().filter((words) => !/ERR_FAILED|409/.test(words));
  holds(others.length === 0, others.join("\n"));
});

const valueIs = (words) => page.waitForFunction((wanted) => document.querySelector("#body")?.value === wanted, words);

// By keyboard alone. Nothing is clicked and nothing is focused by the test.
async function keyboard() {
  await must("by keyboard: sign in", async () => {
    await forgetSession();
    await page.goto(`${base}/`);
    await tabTo((id) => id === "login");
    await keys.type("first@example.org");
    await keys.press("Tab");
    await keys.type(PASSWORD);
    await keys.press("Enter");
    await page.getByRole("heading", { name: "Your code" }).waitFor();
    await tabTo((id) => id === "code");
    await keys.type(recovery[0]);
    await keys.press("Enter");
    await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
  });
  phone = await somebodyTexts();
  await page.locator(".row").waitFor();
  await step("by keyboard: ? lists the keys, and Esc closes the list", async () => {
    await keys.press("?");
    await page.getByRole("dialog").getByText("Write a reply").waitFor();
    await keys.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });
  await step("by keyboard: j finds the case, and a list that reads itself again leaves the focus there", async () => {
    await keys.press("j");
    holds(await page.evaluate(() => document.activeElement.matches(".row a")), "j leads nowhere");
    await page.evaluate(() => refresh());
    holds(await page.evaluate(() => document.activeElement.matches(".row a")), "the focus is lost");
    // Something that stood above the list is gone.
    await page.evaluate(() => document.activeElement.closest(".row").parentElement.before(document.createElement("hr")));
    await page.evaluate(() => refresh());
    holds(await page.evaluate(() => document.activeElement.matches(".row a")), "the list was taken for a new one");
    await page.locator("hr").waitFor({ state: "detached" });
  });
  await must("by keyboard: c claims it, and what is pressed until the case is there is not lost", async () => {
    const held = await hold("**/claim");
    await keys.press("c");
    await held.came;
    await keys.press("r");
    await keys.type("I am here, ejt?");
    held.go();
    await page.getByText("yours until").waitFor();
    await valueIs("I am here, ejt?");
    await page.unroute("**/claim");
    for (let n = 0; n < 15; n += 1) await keys.press("Backspace");
    await keys.press("Escape");
  });
  await must("by keyboard: / finds a canned reply, Enter puts it in, and neither waits for the list", async () => {
    const held = await hold("**/canned/list");
    await keys.type("/straight");
    await keys.press("Enter");
    held.go();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.unroute("**/canned/list");
    await valueIs(ASKS);
  });
  await step("by keyboard: Esc closes the canned replies, and one writes on", async () => {
    await keys.press("Escape");
    await keys.press("/");
    await keys.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    holds(await page.evaluate(() => document.activeElement.id === "body"), "the pen has not the focus");
    await valueIs(ASKS);
  });
  await step("by keyboard: with Alt a key works while one writes", async () => {
    await page.waitForFunction(() => document.activeElement?.id === "body");
    await keys.press("Alt+n");
    await page.waitForFunction(() => document.activeElement?.id === "note");
    await keys.press("Alt+r");
    await page.waitForFunction(() => document.activeElement?.id === "body");
    await valueIs(ASKS);
  });
  await step("by keyboard: letters that are typed are words, and Esc loses none of them", async () => {
    await keys.type(" ecj?");
    await keys.press("Escape");
    holds((await page.getByLabel("Your text to them").inputValue()) === `${ASKS} ecj?`, "a key did something");
    holds(!(await page.evaluate(() => document.activeElement.matches("textarea"))), "Esc does not leave");
    await keys.press("r");
    for (let n = 0; n < 5; n += 1) await keys.press("Backspace");
  });
  await must("by keyboard: send", async () => {
    await tabTo((_, name) => name === "Send");
    await keys.press("Enter");
    await page.locator(".thread:not(.pending) .message.staff", { hasText: ASKS }).waitFor();
    await arrives(phone, ASKS);
  });
  await step("by keyboard: y opens why, j and k go through the texts", async () => {
    await keys.press("Escape");
    await keys.press("y");
    await page.getByText("suicide.want_to_die").waitFor();
    await keys.press("j");
    await keys.press("k");
    holds(await page.evaluate(() => document.activeElement.matches(".message")), "they lead nowhere");
    await page.evaluate(() => refresh());
    holds(await page.evaluate(() => document.activeElement.matches(".message")), "the focus is lost");
    // A browser that is busy says late that the canned replies were closed.
    await page.evaluate(() => document.querySelector("[data-picker]").dispatchEvent(new Event("close")));
    holds(await page.evaluate(() => document.activeElement.matches(".message")), "the focus is taken away");
  });
  await step("by keyboard: Ctrl and K find a page, an act and a conversation", async () => {
    await keys.press("Control+k");
    await page.getByRole("dialog", { name: "Go to" }).waitFor();
    await keys.type("supervisor help");
    await keys.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    holds(await page.evaluate(() => document.activeElement.textContent.includes("Ask a supervisor")), "it leads nowhere");
    const there = page.url();
    await keys.press("Control+k");
    await keys.type("people");
    await keys.press("ArrowDown");
    await keys.press("Enter");
    await page.getByRole("heading", { name: "People" }).waitFor();
    await keys.press("Control+k");
    await keys.type("want to die");
    await keys.press("Enter");
    await page.getByRole("heading", { name: "Found" }).waitFor();
    await keys.press("Control+k");
  });
  await examine("ways-dialog");
  await must("by keyboard: and back to the case", async () => {
    await keys.press("Escape");
    await keys.press("j");
    await keys.press("Enter");
    await page.getByText("yours until").waitFor();
  });
  await step("by keyboard: n writes a note", async () => {
    await keys.press("n");
    // The observable state: where the letters go.
    await page.waitForFunction(() => document.activeElement?.id === "note");
    await keys.type("By keyboard.");
    await tabTo((_, name) => name === "Keep the note");
    await keys.press("Enter");
    await page.locator(".message.note", { hasText: "By keyboard." }).waitFor();
  });
  await step("by keyboard: the tier", async () => {
    await tabTo((_, name) => name === "Change the tier…");
    await keys.press("Enter");
    await page.getByRole("heading", { name: "How urgent is it?" }).waitFor();
    await tabTo((id) => id === "tier");
    await keys.type("concern");
    await tabTo((_, name) => name === "Decide");
    await keys.press("Enter");
    await page.locator("h1 .tier", { hasText: "concern" }).waitFor();
  });
  await step("by keyboard: t hands it on, h leads to the call for a supervisor", async () => {
    await keys.press("h");
    holds(await page.evaluate(() => document.activeElement.textContent.includes("Ask a supervisor")), "h leads nowhere");
    await keys.press("t");
    await page.getByRole("heading", { name: "Hand the case on" }).waitFor();
    await tabTo((_, name) => name === "Second");
    await keys.press("Enter");
    await page.getByRole("button", { name: "Take the offer back" }).waitFor();
    await tabTo((_, name) => name === "Take the offer back");
    await keys.press("Enter");
    await page.getByText("The offer is taken back.").waitFor();
  });
  await must("by keyboard: e closes it", async () => {
    await keys.press("e");
    await page.getByRole("heading", { name: "Close the conversation" }).waitFor();
    await tabTo((id) => id.startsWith("outcome-"));
    await keys.press("Space");
    await tabTo((_, name) => name === "Close the conversation");
    await keys.press("Enter");
    await page.locator(".calm", { hasText: "Nobody is waiting." }).waitFor();
  });
  await step("by keyboard: a key can be changed, and all switched off", async () => {
    await page.goto(`${base}/keys`);
    await tabTo((id) => id === "key-queue");
    await keys.type("x");
    await keys.press("Tab");
    await tabTo((_, name) => name === "As they were at first");
    await keys.press("q");
    holds(page.url() === `${base}/keys`, "the old key still works");
    await keys.press("x");
    await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
    await page.goto(`${base}/keys`);
    await page.getByLabel("The keys are on").uncheck();
    await page.goto(`${base}/`);
    await keys.press("?");
    holds((await page.getByRole("dialog").count()) === 0, "they are not off");
    await page.goto(`${base}/keys`);
    await page.getByRole("button", { name: "As they were at first" }).click();
  });
  await examine("keys");
}
await keyboard();

// On a phone, by touch; and without JavaScript.
async function briefly(name, options, factor, act) {
  const there = await browser.newContext({ reducedMotion: "reduce", locale: "en-US", ...options });
  there.setDefaultTimeout(20_000);
  const on = await there.newPage();
  const script = options.javaScriptEnabled !== false;
  await must(`${name}: sign in`, () => signIn(on, factor));
  if (script) await step(`${name}: the alarm is tested`, async () => {
    await act(on.getByRole("button", { name: "Test the alarm" }));
    await act(on.getByRole("button", { name: "I heard it: switch it on" }));
    await on.getByText("The alarm is on").waitFor();
  });
  await step(`${name}: the rest of the ways stands behind a word`, async () => {
    const me = on.getByRole("link", { name: "Me", exact: true });
    holds(!(await me.isVisible()), "it fills the screen");
    await act(on.locator(".rest summary"));
    await me.waitFor();
    await act(on.locator(".rest summary"));
    await me.waitFor({ state: "hidden" });
    const bar = await on.locator(".bar").boundingBox();
    holds(bar.height < 120, `the bar is ${bar.height} px high`);
  });
  phone = await somebodyTexts();
  await must(`${name}: claim`, async () => {
    if (!script) await on.goto(`${base}/`);
    await act(on.getByRole("button", { name: /^Claim / }));
    await on.getByText("yours until").waitFor();
  });
  await must(`${name}: a canned reply is put in`, async () => {
    await act(on.getByRole("link", { name: "Canned replies…" }));
    await on.getByLabel("Search", { exact: true }).fill("straight");
    if (!script) await act(on.getByRole("button", { name: "Search" }));
    await act(on.getByRole("link", { name: /^Use it ?: Ask about suicide/ }));
    await on.getByLabel("Your text to them").waitFor();
    holds((await on.getByLabel("Your text to them").inputValue()) === ASKS, "it is not there");
  });
  if (!script) await step(`${name}: what it costs is said after a check, and it is kept`, async () => {
    await act(on.getByRole("button", { name: "Keep and check" }));
    await on.getByText("1 segment (GSM-7, 75 units). Reading grade").waitFor();
    await on.reload();
    holds((await on.getByLabel("Your text to them").inputValue()) === ASKS, "it was not kept");
  });
  await must(`${name}: send`, async () => {
    await act(on.getByRole("button", { name: "Send" }));
    await on.locator(".thread:not(.pending) .message.staff", { hasText: ASKS }).waitFor();
    await arrives(phone, ASKS);
  });
  await step(`${name}: a note, another tier, an offer that is taken back`, async () => {
    await act(on.getByText("Note for the team"));
    await on.getByLabel("Your note; it is never sent to them").fill("A note.");
    await act(on.getByRole("button", { name: "Keep the note" }));
    await on.locator(".message.note", { hasText: "A note." }).waitFor();
    await act(on.getByRole("link", { name: "Change the tier…" }));
    await on.getByLabel("Tier").selectOption("concern");
    await act(on.getByRole("button", { name: "Decide" }));
    await on.locator("h1 .tier", { hasText: "concern" }).waitFor();
    await act(on.getByRole("link", { name: "Hand it on…" }));
    await act(on.getByRole("button", { name: "Second" }));
    await act(on.getByRole("button", { name: "Take the offer back" }));
    await on.getByText("The offer is taken back.").waitFor();
  });
  await must(`${name}: close`, async () => {
    await act(on.getByRole("link", { name: "Close the conversation…" }));
    await act(on.getByLabel(/^Safe for now/));
    await act(on.getByRole("button", { name: "Close the conversation" }));
    await on.locator(".calm", { hasText: "Nobody is waiting." }).waitFor();
  });
  await step(`${name}: nothing was wider than the screen`, async () => {
    const size = on.viewportSize();
    const wide = await on.locator("body").boundingBox();
    holds(wide.width <= size.width, `${wide.width} px`);
  });
  await there.close();
}
await briefly("on a phone", { viewport: PHONE, hasTouch: true, isMobile: true }, recovery[1], (what) => what.tap());
await briefly("without JavaScript", { viewport: PHONE, javaScriptEnabled: false }, recovery[2], (what) => what.click());
holds(texters === 4, "every journey has its texter");

await end();
