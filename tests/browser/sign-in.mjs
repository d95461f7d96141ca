// A browser that signs in as an administrator and as who is invited, with axe on every page:
//   node sign-in.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new, and wants a second factor of administrators.

import { code } from "./totp.mjs";
import { base, browser, context, end, examine, forgetSession, holds, must, page, setupLink, step, unexpected } from "./walk.mjs";

const PASSWORD = "a long enough password";

await must("the set-up link makes the first administrator, who has to set a second factor up", async () => {
  await page.goto(setupLink);
  await page.getByLabel("Your name").fill("First");
  await page.getByLabel("E-mail address").fill("first@example.org");
  await page.getByLabel("Password").fill("first@example.org");
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.getByRole("alert").filter({ hasText: "easy to guess" }).waitFor();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
});
await examine("second-factor-due");

let secret = "";
await must("the picture and the secret are shown, under a strict policy", async () => {
  await page.getByRole("button", { name: "Show the picture" }).click();
  await page.getByRole("img", { name: "QR code" }).waitFor();
  const { width, height } = await page.getByRole("img", { name: "QR code" }).boundingBox();
  holds(width > 150 && Math.abs(width - height) < 1, `the picture is ${width} by ${height}`);
  secret = await page.locator("code").textContent();
});
await examine("second-factor");

let recovery = [];
await must("the code of the app confirms it, and recovery codes are shown once", async () => {
  await page.getByLabel("Code", { exact: true }).fill(code(secret));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  recovery = await page.locator(".codes code").allTextContents();
  holds(recovery.length === 10, `${recovery.length} codes`);
});
await examine("recovery-codes");

await must("the account shows how it is secured", async () => {
  await page.getByRole("link", { name: "I have kept them" }).click();
  await page.getByRole("link", { name: "Me", exact: true }).click();
  await page.getByRole("link", { name: "Password and second factor" }).click();
  await page.getByText("10 of your recovery codes are left").waitFor();
});
await examine("security");
await step("the password page", async () => {
  await page.getByRole("link", { name: "Change my password" }).click();
  await page.getByLabel("New password").waitFor();
});
await examine("password");

let link = "";
await must("somebody is invited, and the link is shown once", async () => {
  await page.getByRole("link", { name: "People", exact: true }).click();
  await page.getByRole("link", { name: "Invite somebody" }).click();
  await page.getByRole("heading", { name: "Invite somebody" }).waitFor();
});
await examine("invite");
await must("the link", async () => {
  await page.getByLabel("Name", { exact: true }).fill("Second");
  await page.getByLabel("E-mail address").fill("second@example.org");
  await page.locator("#role-responder").check();
  await page.getByRole("button", { name: "Make the invitation" }).click();
  link = await page.getByLabel("The link").inputValue();
  holds(link.startsWith(`${base}/link/`), link);
});
await examine("one-time-link");
await step("the link is taken along with one press", async () => {
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByRole("status").filter({ hasText: "Copied." }).waitFor();
  const taken = await page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.activeElement;
    return value.slice(selectionStart, selectionEnd);
  });
  holds(taken === link, `not the whole of it: ${taken}`);
});
await step("the people are listed", async () => {
  await page.getByRole("link", { name: "People", exact: true }).click();
  await page.getByText("invited, not here yet").waitFor();
});
await examine("people");
await step("one of them", async () => {
  await page.getByRole("link", { name: "Second" }).click();
  await page.getByRole("button", { name: "Remove Second" }).waitFor();
});
await examine("person");

await must("the sessions are listed, and signing out is one press", async () => {
  await page.goto(`${base}/me/sessions`);
  await page.getByText("this one").waitFor();
});
await examine("sessions");

await must("signed out, the page that was asked for comes after sign-in and code", async () => {
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto(`${base}/people`);
  await page.getByLabel("E-mail address").fill("first@example.org");
  await page.getByLabel("Password").fill("a wrong password");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "do not belong together" }).waitFor();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your code" }).waitFor();
});
await examine("code");
await must("a recovery code takes the place of the app", async () => {
  await page.getByLabel("Code", { exact: true }).fill(recovery[0]);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "People" }).waitFor();
  holds(page.url() === `${base}/people`, page.url());
});

await step("who it is can be asked again", async () => {
  await page.goto(`${base}/confirm?then=/people`);
  await page.getByRole("heading", { name: "Is it you?" }).waitFor();
});
await examine("confirm");
await step("and goes on to the page", async () => {
  await page.getByLabel("Password or code").fill(PASSWORD);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.waitForURL(`${base}/people`);
});

// As somebody without a session, who has got a link.
async function strangerOpens(address, heading) {
  const kept = await context.cookies();
  await forgetSession();
  await page.goto(address);
  await page.getByRole("heading", { name: heading }).waitFor();
  return () => context.addCookies(kept);
}

await step("an invitation, as who is invited opens it; a password that is too easy is refused there", async () => {
  const back = await strangerOpens(link, "Welcome, Second");
  await examine("invitation");
  await page.getByLabel("Password").fill("second@example.org");
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.getByRole("alert").filter({ hasText: "easy to guess" }).waitFor();
  await examine("invitation-refused");
  await back();
});

await step("who is invited comes in without JavaScript", async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const invited = await plain.newPage();
  await invited.goto(link);
  await invited.getByRole("heading", { name: "Welcome, Second" }).waitFor();
  await invited.getByLabel("Password").fill(PASSWORD);
  await invited.getByRole("button", { name: "Make my account" }).click();
  await invited.getByText("Nobody is waiting.").waitFor();
  await invited.goto(`${base}/people`);
  await invited.getByRole("heading", { name: "Not part of your role" }).waitFor();
  await plain.close();
});

await step("a link that was used says so", async () => {
  await page.goto(link);
  await page.getByRole("heading", { name: "This link does not work any more" }).waitFor();
});
await examine("link-used");
await step("and so does the set-up link", async () => {
  await page.goto(setupLink);
  await page.getByRole("heading", { level: 1 }).waitFor();
});
await examine("setup-used");

await must("somebody who forgot their password gets a link, which is shown once", async () => {
  await page.goto(`${base}/people`);
  await page.getByRole("link", { name: "Second" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  link = await page.getByLabel("The link").inputValue();
});
await examine("reset-link");
await step("and chooses a new one", async () => {
  const back = await strangerOpens(link, "A new password");
  await examine("reset");
  await page.getByLabel("Password").fill("another long password");
  await page.getByRole("button", { name: "Change my password" }).click();
  await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
  await forgetSession();
  await back();
});

await step("an account is locked and removed", async () => {
  await page.goto(`${base}/people`);
  await page.getByRole("link", { name: "Second" }).click();
  await page.getByRole("button", { name: "Lock the account" }).click();
  await page.getByText("The account is locked: they cannot sign in.").waitFor();
});
await examine("person-locked");

await step("the pages complained about nothing", async () => {
  const words = unexpected().filter((line) => !/40[49]|410/.test(line));
  holds(words.length === 0, words.join("\n"));
});

await end();
