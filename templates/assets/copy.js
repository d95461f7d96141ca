// What is shown once is taken along with one press. Without this script, or where the browser allows no
// clipboard, the words are marked by a press on them and copied as everywhere.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const words = () => source.value ?? [...source.querySelectorAll("code")].map((one) => one.textContent).join("\n");
  const said = button.parentElement.querySelector("[role=status]");
  button.hidden = !navigator.clipboard;
  source.addEventListener("focus", () => source.select?.());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(words());
      said.textContent = button.dataset.copied;
    } catch {
      source.focus();
    }
  });
}
