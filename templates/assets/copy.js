// What is shown once is taken along with one press. Without this script the words are marked by hand and copied
// as everywhere.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const said = button.parentElement.querySelector("[role=status]");
  function mark() {
    if (!source.select) return getSelection().selectAllChildren(source);
    source.focus();
    source.select();
  }
  button.hidden = false;
  button.addEventListener("click", () => {
    mark();
    // Not by `navigator.clipboard`: our own policy switches that off for everybody.
    said.textContent = document.execCommand("copy") ? button.dataset.copied : "";
  });
}
