// A browser that goes through the pages of drills as an administrator does, with axe on every page:
//   node drills.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new, has the sandbox gateway, and holds a drill by itself.

import { base, browser, end, examine, firstAdministrator, holds, must, page, step, unexpected } from "./walk.mjs";

await firstAdministrator();

await must("before the first drill the page says what is due", async () => {
  await page.getByRole("link", { name: "Drills", exact: true }).click();
  await page.getByText("No drill was held yet.").waitFor();
  await page.getByText("every day 14:00 America/New_York").waitFor();
});
await examine("drills-empty");

await must("the form says what each drill shows", async () => {
  await page.getByRole("link", { name: "Start a drill" }).click();
  await page.getByLabel("database down").check();
  await page.getByLabel("Nobody is paged").check();
});
await examine("drill-form");

await must("a drill without pages is followed until it passes, without a reload", async () => {
  await page.getByRole("button", { name: "Start the drill" }).click();
  await page.getByRole("status").filter({ hasText: "The drill begins within seconds." }).waitFor();
  await page.getByRole("heading", { name: "passed" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "What happened" }).waitFor();
});
await examine("drill-passed");

await must("a drill with people is shown while it goes on", async () => {
  await page.goto(`${base}/drills/new`);
  await page.getByRole("button", { name: "Start the drill" }).click();
  await page.getByText("going on").waitFor();
  await page.getByText("in the answer to the text").waitFor();
});
await examine("drill-running");

await step("it is called off by a button, and the page says who did", async () => {
  await page.getByRole("button", { name: "Call the drill off" }).click();
  await page.getByText("First stopped it").waitFor();
  holds((await page.getByRole("button", { name: "Call the drill off" }).count()) === 0, "it is over");
});
await examine("drill-called-off");

await step("the list has both", async () => {
  await page.getByRole("link", { name: "Drills", exact: true }).first().click();
  await page.locator(".card", { hasText: "called off" }).waitFor();
  await page.locator(".card", { hasText: "passed" }).waitFor();
});
await examine("drills");

await step("all of it works without JavaScript", async () => {
  const still = await browser.newContext({ javaScriptEnabled: false });
  await still.addCookies(await page.context().cookies());
  const plain = await still.newPage();
  await plain.goto(`${base}/drills/new`);
  await plain.getByLabel("Nobody is paged").check();
  await plain.getByRole("button", { name: "Start the drill" }).click();
  await plain.getByText("The drill begins within seconds.").waitFor();
  while ((await plain.locator("h1 .mark").textContent()) === "going on") await plain.reload();
  await plain.getByRole("heading", { name: "passed" }).waitFor();
  await still.close();
});

await step("the pages complained about nothing", async () => {
  holds(unexpected().length === 0, unexpected().join("\n"));
});

await end();
