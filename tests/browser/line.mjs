// A browser that goes through the pages of the line as an administrator does: content, a conversation on
// paper, the triage lab, audit, system; with axe on every page:
//   node line.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new and has the sandbox gateway.

import { readFileSync } from "node:fs";
import { base, browser, end, examine, firstAdministrator, holds, must, page, step, unexpected } from "./walk.mjs";

const rules = readFileSync(new URL("../../templates/triage/en.toml", import.meta.url));

await firstAdministrator();

await must("the packs in force are shown, and that nobody has signed them off", async () => {
  await page.getByRole("link", { name: "The line", exact: true }).click();
  await page.getByRole("heading", { name: "Content", level: 1 }).waitFor();
  holds((await page.locator(".part", { hasText: "not approved" }).count()) === 4, "four files");
});
await examine("content");

await must("every text of a pack is there with what it costs", async () => {
  await page.getByRole("link", { name: "English texts", exact: true }).click();
  await page.getByText("messages.crisis_high", { exact: true }).waitFor();
});
await examine("content-en");

await must("a version is signed off with a day", async () => {
  await page.getByRole("link", { name: "Approve…" }).click();
  await page.getByRole("heading", { name: "Approve: English texts" }).waitFor();
});
await examine("content-approve");
await must("and the page says so", async () => {
  await page.getByRole("button", { name: "I approve it" }).click();
  await page.getByRole("status").filter({ hasText: "It is signed off." }).waitFor();
  await page.getByRole("link", { name: "Content", exact: true }).first().click();
  await page.getByText("First signed it off; to be read again on").waitFor();
});
await examine("content-approved");

for (const [name, heading] of [["Resources", "Resources"], ["Codes of the staff", "Codes of the staff"]]) {
  await must(`${name} are listed`, async () => {
    await page.goto(`${base}/content`);
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  });
  await examine(`content-${heading.split(" ")[0].toLowerCase()}`);
}

await must("a conversation on paper begins", async () => {
  await page.getByRole("link", { name: "Content", exact: true }).first().click();
  await page.getByRole("link", { name: "Try a conversation" }).click();
  await page.getByLabel("The person texts").fill("hi");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Reply with a number").waitFor();
});
await must("and goes on with a crisis, by keyboard", async () => {
  await page.getByLabel("The person texts").focus();
  await page.keyboard.type("i want to die");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("People are paged now (high).").waitFor();
  await page.getByRole("button", { name: "A page is accepted" }).click();
  await page.getByText("A gateway accepts a page").waitFor();
});
await examine("content-phone");

await must("a text is explained", async () => {
  await page.getByRole("link", { name: "Triage lab" }).click();
  await page.getByLabel("A text").fill("ok so i w4nt to d1e tonight");
  await page.getByRole("button", { name: "Explain it" }).click();
  await page.getByText("988 in the answer, and staff are paged now").waitFor();
  holds((await page.locator("mark").count()) >= 2, "the words are marked in both forms");
});
await examine("lab");

await must("an edited rule file is tried out", async () => {
  await page.getByRole("link", { name: "Try edited rules…" }).click();
  await page.getByRole("heading", { name: "Try edited rules" }).waitFor();
});
await examine("lab-rules");
await must("a file that is uploaded holds or is refused with its place", async () => {
  const edited = rules.toString().replace("[[rule]]", `[[rule]]
id = "own.pier"
tier = "high"
category = "suicide"
why = "Names the old pier, which people here know"
any = ["old pier"]
must_match = ["im at the old pier", "the old pier again"]
must_not_match = ["the new pier"]

[[rule]]`);
  await page.getByLabel("A rule file").setInputFiles({ name: "en.toml", mimeType: "text/plain", buffer: Buffer.from(edited) });
  await page.getByLabel("A text to read with these rules").fill("at the old pier");
  await page.getByRole("button", { name: "Try them out" }).click();
  await page.getByText("they hold").waitFor({ timeout: 120_000 });
  await page.getByText("no folder for edited rules is set").waitFor();
});
await examine("lab-trial");
await step("a file that does not hold is refused with what to do", async () => {
  await page.goto(`${base}/triage-lab/rules`);
  await page.getByLabel("Or paste it").fill("schema = 1\nlang = \"en\"\n");
  await page.getByRole("button", { name: "Try them out" }).click();
  await page.getByText("These rules cannot be used.").waitFor({ timeout: 120_000 });
});
await examine("lab-refused");

await must("who did what is listed and can be narrowed", async () => {
  await page.goto(`${base}/audit`);
  await page.getByText("signed content off").waitFor();
  await page.getByLabel("What", { exact: true }).selectOption({ label: "Content and rules" });
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("link", { name: "Show all" }).waitFor();
});
await examine("audit");
await step("entries are taken along as a table", async () => {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download as CSV" }).click(),
  ]);
  holds(download.suggestedFilename() === "audit.csv", download.suggestedFilename());
});

await must("the chain of the log is checked", async () => {
  await page.goto(`${base}/audit`);
  await page.getByRole("link", { name: "Check the chain" }).click();
  await page.getByText("it holds", { exact: true }).waitFor();
});
await examine("audit-chain");

await must("a legal hold that names nobody is refused, with what to do", async () => {
  await page.goto(`${base}/audit`);
  await page.getByRole("link", { name: "Look at the holds" }).click();
  await page.getByText("Nothing is held.").waitFor();
  await page.getByRole("link", { name: "Set a hold…" }).click();
  await page.getByLabel("Case or number").fill("somebody");
  await page.getByLabel("Why").fill("order 7");
  await page.getByRole("button", { name: "Hold it" }).click();
  await page.getByRole("alert").getByText("This is no case like K7").waitFor();
});
await examine("hold-form");
await must("somebody texts, and everything of theirs is held by their number", async () => {
  const phone = await (await page.request.post(`${base}/simulator/phones`)).json();
  await page.request.post(`${base}/simulator/phones/${phone.id}/texts`, { data: { body: "hello" } });
  await page.getByLabel("Case or number").fill(phone.label);
  await page.getByLabel("Everything of the person").check();
  await page.getByRole("button", { name: "Hold it" }).click();
  await page.getByRole("status").filter({ hasText: "It is held now" }).waitFor();
  await page.getByText("order 7").waitFor();
});
await examine("holds");
await must("a hold is lifted after one question", async () => {
  await page.getByRole("link", { name: "Lift it…" }).click();
  await page.getByRole("heading", { name: "Lift this hold?" }).waitFor();
});
await examine("hold-lift");
await must("and nothing is held any more", async () => {
  await page.getByRole("button", { name: "Lift it" }).click();
  await page.getByText("Nothing is held.").waitFor();
});

await must("the system shows how it stands", async () => {
  await page.goto(`${base}/system`);
  await page.getByText("Nothing waits for the database.").waitFor();
});
await examine("system");
await must("the checks run", async () => {
  await page.getByRole("link", { name: "Run the checks" }).click();
  await page.getByText("content.approval").first().waitFor();
});
await examine("system-checks");

await step("all of it works without JavaScript", async () => {
  const still = await browser.newContext({ javaScriptEnabled: false });
  await still.addCookies(await page.context().cookies());
  const plain = await still.newPage();
  await plain.goto(`${base}/content/phone`);
  await plain.getByLabel("The first answer is in").selectOption("es");
  await plain.getByLabel("The person texts").fill("hola");
  await plain.getByRole("button", { name: "Send" }).click();
  await plain.getByText("Person, first").waitFor();
  await plain.goto(`${base}/triage-lab`);
  await plain.getByLabel("A text").fill("i dont want to die");
  await plain.getByRole("button", { name: "Explain it" }).click();
  await plain.getByText("guarded", { exact: true }).waitFor();
  for (const path of ["/content", "/content/es", "/audit", "/audit/chain", "/audit/holds", "/audit/holds/new", "/system", "/system/checks"]) {
    await plain.goto(`${base}${path}`);
    await plain.getByRole("heading", { level: 1 }).waitFor();
  }
  await still.close();
});

await step("the pages complained about nothing", async () => {
  holds(unexpected().length === 0, unexpected().join("\n"));
});

await end();
