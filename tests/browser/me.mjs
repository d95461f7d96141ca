// A browser in which somebody sets up how they are reached: a phone that is added, verified with the code
// that arrives there, and tried out; quiet hours; a calendar. With axe on every page:
//   node me.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]

import { base, browser, end, examine, holds, must, page, setupLink, step, tabTo, unexpected } from "./walk.mjs";

const PASSWORD = "a long enough password";

// A phone of the simulator: its number, and what arrived there.
const made = await fetch(`${base}/simulator/phones`, { method: "POST" });
const phone = await made.json();
// The last text with this in it, once it is there: the server sends it by itself.
async function arrives(part) {
  const found = await page.waitForFunction(async ([id, part]) => {
    const answer = await fetch(`/simulator/phones/${id}`);
    const texts = (await answer.json()).filter((text) => !text.from_me && text.body.includes(part));
    return texts.at(-1)?.body;
  }, [phone.id, part]);
  return found.jsonValue();
}

await must("the set-up link makes the first administrator", async () => {
  await page.goto(setupLink);
  await page.getByLabel("Your name").fill("First");
  await page.getByLabel("E-mail address").fill("first@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
});

await must("one's own page says that nothing reaches one yet", async () => {
  await page.getByRole("link", { name: "Me", exact: true }).click();
  await page.getByRole("heading", { name: "How pages reach you" }).waitFor();
  await page.getByText("cannot be paged", { exact: true }).waitFor();
});
await examine("me-empty");

await must("the kinds of ways are offered", async () => {
  await page.getByRole("link", { name: "Add a way…" }).click();
  await page.getByRole("heading", { name: "Add a way to be paged" }).waitFor();
});
await examine("method-kinds");

await must("a number that cannot be is refused beside its field, and stays", async () => {
  await page.getByRole("link", { name: "Text", exact: true }).click();
  await page.getByLabel("Phone number").fill("555 0123");
  await page.getByLabel("Name", { exact: true }).fill("my phone");
  await page.getByRole("button", { name: "Add it, and send a code" }).click();
  await page.getByRole("alert").filter({ hasText: "This is no phone number" }).waitFor();
  holds((await page.getByLabel("Phone number").inputValue()) === "555 0123", "what was typed is gone");
});
await examine("method-refused");

await must("a phone is added, and a code arrives there", async () => {
  await page.getByLabel("Phone number").fill(phone.label);
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "a code is on its way there" }).waitFor();
  const shown = await page.textContent("main");
  holds(!shown.includes(phone.label) && /number ending in \d\d/.test(shown), "the number is not to be seen in full");
});
await examine("method-code");
await step("a wrong code is refused beside its field", async () => {
  await page.getByLabel("Code").fill("12");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText("Tries that are left: 4").first().waitFor();
});
await must("the code that arrived verifies it", async () => {
  const code = (await arrives("is the code")).match(/\d{6}/)[0];
  await page.getByLabel("Code").fill(code);
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "It is verified" }).waitFor();
});
await examine("method");

await step("a test page has to wait a minute after the code, and says so", async () => {
  await page.getByRole("button", { name: "Send me a test page" }).click();
  await page.getByRole("alert").filter({ hasText: "Wait a minute" }).waitFor();
});

await must("quiet hours are set by keyboard", async () => {
  await page.goto(`${base}/me/hours`);
  await tabTo((id) => id === "zone");
  await page.keyboard.type("Europe/Berlin");
  await tabTo((id) => id === "quiet_from");
  await page.keyboard.type("22:00");
  await tabTo((id) => id === "quiet_until");
  await page.keyboard.type("7");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "Write both times of quiet hours" }).waitFor();
});
await examine("hours-refused");
await must("and kept", async () => {
  await page.getByLabel("To", { exact: true }).fill("07:00");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").filter({ hasText: "are kept" }).waitFor();
  await page.getByText("22:00 – 07:00").waitFor();
});

await must("the calendar gets an address that a calendar program can read", async () => {
  await page.getByRole("button", { name: "Make an address" }).click();
  const address = await page.getByLabel("The address").inputValue();
  const calendar = await fetch(address);
  holds(calendar.status === 200 && (await calendar.text()).startsWith("BEGIN:VCALENDAR"), `status ${calendar.status}`);
});
await examine("calendar");

await step("a push is added with a key of its own", async () => {
  await page.goto(`${base}/me/methods/new?kind=webhook`);
  await page.getByLabel("Receiver").selectOption("pagerduty");
  await page.getByLabel("Key or token").fill("short");
  await page.getByRole("button", { name: "Add it, and send a code" }).click();
  await page.getByRole("alert").filter({ hasText: "integration key" }).waitFor();
});
await examine("method-webhook");

await must("a webhook of one's own gets a secret, which is shown once", async () => {
  await page.goto(`${base}/me/methods/new?kind=webhook`);
  await page.getByLabel("Receiver").selectOption("json");
  await page.getByLabel("Address").fill("https://pager.example.org/hook");
  await page.getByLabel("Name", { exact: true }).fill("our pager");
  await page.getByRole("button", { name: "Add it, and send a code" }).click();
  await page.getByLabel("The secret").waitFor();
  holds((await page.getByLabel("The secret").inputValue()).startsWith("whsec_"), "no secret");
});
await examine("method-secret");
await step("it is removed after a question", async () => {
  await page.goto(`${base}/me`);
  await page.getByRole("link", { name: "our pager" }).click();
  await page.getByRole("link", { name: "Remove…" }).click();
  await page.getByRole("button", { name: "Remove it" }).waitFor();
});
await examine("method-remove");
await step("and is gone", async () => {
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.getByRole("status").filter({ hasText: "It is removed" }).waitFor();
});

await step("the start of a shift: pages, alarm, who waits", async () => {
  await page.getByRole("link", { name: "Start of shift" }).click();
  await page.getByRole("heading", { name: "You hear the alarm" }).waitFor();
  await page.getByRole("button", { name: "Test the alarm" }).click();
  await page.getByRole("button", { name: "I heard it: switch it on" }).click();
  await page.getByText("The alarm is on").waitFor();
  await page.getByRole("link", { name: "To the queue" }).click();
  await page.getByText("The alarm is on").waitFor();
  await page.goto(`${base}/shift`);
});
await examine("shift");

await step("one's own page, with all of it", async () => {
  await page.goto(`${base}/me`);
  await page.getByText("works", { exact: true }).waitFor();
});
await examine("me");
await step("the same is on the page of a person", async () => {
  await page.goto(`${base}/people`);
  await page.getByRole("link", { name: "First", exact: true }).click();
  await page.getByRole("heading", { name: "How pages reach them" }).waitFor();
});
await examine("person-methods");

await step("all of it works without JavaScript", async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const mine = await plain.newPage();
  await mine.goto(`${base}/sign-in`);
  await mine.getByLabel("E-mail address").fill("first@example.org");
  await mine.getByLabel("Password").fill(PASSWORD);
  await mine.getByRole("button", { name: "Sign in" }).click();
  await mine.goto(`${base}/shift`);
  await mine.getByText("The alarm needs JavaScript.").waitFor();
  await mine.goto(`${base}/me`);
  await mine.getByRole("link", { name: "my phone" }).click();
  await mine.getByRole("button", { name: "Switch it off for a while" }).click();
  await mine.getByRole("status").filter({ hasText: "switched off" }).waitFor();
  await mine.getByRole("link", { name: "Remove…" }).click();
  await mine.getByRole("button", { name: "Remove it" }).click();
  await mine.getByRole("status").filter({ hasText: "It is removed" }).waitFor();
  await plain.close();
});

await step("the pages complained about nothing", async () => {
  const words = unexpected();
  holds(words.length === 0, words.join("\n"));
});

await end();
