// The screens that no other walk passes, and all that everybody sees once more in Spanish, with axe on each in
// every theme:
//   node screens.mjs BASE_URL SETUP_LINK [SCREENSHOT_DIR]
// The server is new and has the sandbox gateway.

import { base, browser, context, end, examine, forgetSession, holds, must, page, setupLink, step, unexpected } from "./walk.mjs";

const PASSWORD = "a long enough password";

await must("an administrator is made, and a responder comes", async () => {
  await page.goto(setupLink);
  await page.getByLabel("Your name").fill("First");
  await page.getByLabel("E-mail address").fill("first@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.goto(`${base}/people/invite`);
  await page.getByLabel("Name", { exact: true }).fill("Second");
  await page.getByLabel("E-mail address").fill("second@example.org");
  await page.locator("#role-responder").check();
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const link = await page.getByLabel("The link").inputValue();
  const theirs = await browser.newContext();
  const there = await theirs.newPage();
  await there.goto(link);
  await there.getByLabel("password").first().fill(PASSWORD);
  await there.getByRole("button", { name: "Make my account" }).click();
  await there.getByRole("heading", { name: "Waiting for a person" }).waitFor();
  await theirs.close();
});

// A person in crisis, one who reads the menu, and the case in hands.
let conversation = "";
await must("two people text, and one has a person", async () => {
  const phone = await context.newPage();
  await phone.goto(`${base}/simulator`);
  const texts = async (words) => {
    await phone.locator(".phone:not(.on-call)").getByLabel("Text to the line").fill(words);
    await phone.locator(".phone:not(.on-call)").getByRole("button", { name: "Send" }).click();
    await phone.locator(".phone:not(.on-call) .theirs", { hasText: "988" }).first().waitFor();
  };
  await texts("menu");
  await phone.getByRole("button", { name: "New person" }).click();
  await phone.locator(".phone:not(.on-call) .theirs").first().waitFor({ state: "detached" });
  await texts("i want to die");
  await phone.close();
  await page.goto(`${base}/`);
  await page.getByRole("button", { name: /^Claim / }).click();
  await page.getByText("yours until").waitFor();
  conversation = new URL(page.url()).pathname;
});

// Each screen with words that must be on it.
async function screens(named, all) {
  for (const [name, path, words] of all) {
    const there = await step(`${named}${name}: it is there`, async () => {
      await page.goto(`${base}${path}`);
      await page.locator("main", { hasText: words }).waitFor();
    });
    // The titles of canned replies and remarks in files are words of whoever wrote them.
    if (there && named && !["content", "canned"].includes(name)) await step(`${named}${name}: nothing of it is English`, async () => {
      const left = await english();
      holds(left.length === 0, left.join("\n"));
    });
    if (there) await examine(`${named}${name}`);
  }
}

await screens("", [
  ["queue-mine", "/", "Mine"],
  ["queue-automated", "/queue/automated", "last text"],
  ["queue-closed", "/queue/closed", "Everybody's."],
  ["search", "/search", "A case, a number, or words"],
  ["number", `${conversation}/number`, "number"],
  ["release", `${conversation}/release`, "Give"],
  ["canned-page", `${conversation}/canned`, "Canned"],
  ["timeline-open", `${conversation}/timeline`, "It is open."],
  ["not-there", "/nothing", "Nothing here"],
  ["canned-list", "/canned", "Replies"],
  ["close-open", `${conversation}/close`, "How did it end?"],
  ["take-nothing", "/take/nothing", "Not taken"],
  ["confirm-again", "/confirm?then=/", "Is it you?"],
  ["schedules-empty", "/schedules", "schedule"],
  ["hold-new", "/audit/holds/new", "Case or number"],
]);

await step("what is found", async () => {
  await page.goto(`${base}/search`);
  await page.getByLabel("A case, a number, or words").fill("want to die");
  await page.getByRole("main").getByRole("button", { name: "Search" }).click();
  await page.getByRole("heading", { name: "Found" }).waitFor();
});
await examine("search-found");

await step("a text with what stands behind it", async () => {
  await page.goto(`${base}${conversation}`);
  await page.goto(await page.locator(".message.texter details > a").first().evaluate((link) => link.href));
  await page.getByText("suicide.want_to_die").waitFor();
});
await examine("text");

await step("on a phone the rest of the ways opens over the page", async () => {
  await page.goto(`${base}/`);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator(".rest summary").click();
  await page.getByRole("link", { name: "Reports", exact: true }).waitFor();
});
await examine("ways-open");

// English on a Spanish page. Texts are in the language of who wrote them; codes and files have none.
async function english() {
  return page.evaluate(() => {
    const all = document.querySelector("body").cloneNode(true);
    for (const one of all.querySelectorAll(".body, .words, .sms, .head strong, .who, code, pre, mark, kbd, textarea, [lang=en], script")) one.remove();
    const said = [all.innerText, ...[...all.querySelectorAll("[aria-label], [title], [placeholder], [alt]")].flatMap((one) => ["aria-label", "title", "placeholder", "alt"].map((name) => one.getAttribute(name) ?? ""))].join("\n");
    // The phone of the sandbox has an English name.
    return said.replaceAll("the on-call phone", "").split("\n").filter((line) => /\b(the|of|and|is|are|was|were|with|from|not|this|that|your|nobody|waits|ending|ago|by|for|when|who|which)\b/i.test(line)).map((line) => line.trim());
  });
}

// All that everybody sees, once more in Spanish.
await must("the pages speak Spanish", async () => {
  await page.goto(`${base}/me`);
  await page.evaluate(() => fetch("/language", { method: "POST", body: new URLSearchParams({ locale: "es" }) }));
  await page.goto(`${base}/`);
  await page.locator("html[lang=es]").waitFor();
});
await screens("es-", [
  ["queue", "/", "En espera"],
  ["conversation", conversation, "Su mensaje a la persona"],
  ["on-call", "/on-call", "De guardia"],
  ["board", "/board", "Quién"],
  ["incidents", "/incidents", "Incidentes"],
  ["reports", "/reports", "Informes"],
  ["drills", "/drills", "Simulacros"],
  ["people", "/people", "Personas"],
  ["content", "/content", "Contenido"],
  ["lab", "/triage-lab", "triaje"],
  ["audit", "/audit", "Auditoría"],
  ["system", "/system", "Sistema"],
  ["checks", "/system/checks", "se leyó, y puede funcionar"],
  ["me", "/me", "First"],
  ["shift", "/shift", "Inicio de turno"],
  ["timeline", `${conversation}/timeline`, "Cronología"],
  ["canned", "/canned", "Respuestas"],
  ["close", `${conversation}/close`, "¿Cómo terminó?"],
  ["tier", `${conversation}/tier`, "¿Qué tan urgente es?"],
  ["number", `${conversation}/number`, "número"],
  ["keys", "/keys", "Teclas"],
]);

await must("the responder signs in", async () => {
  await forgetSession();
  await page.goto(`${base}/`);
  await page.getByLabel("E-mail address").fill("second@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
});
await screens("", [
  ["queue-responder", "/", "With colleagues"],
  ["held", conversation, "First"],
  ["take-over", `${conversation}/take-over`, "First"],
  ["shift", "/shift", "Who waits now"],
  ["forbidden", "/board", "Not part of your role"],
]);

await step("the pages complained about nothing but what was refused", async () => {
  const others = unexpected().filter((words) => !/40[34]/.test(words));
  holds(others.length === 0, others.join("\n"));
});

await end();
