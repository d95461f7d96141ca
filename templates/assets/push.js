// Switches on that this browser tells when a case waits. The browser names a place at its own push service,
// and the server may send there as long as this session lasts. Nothing of it is needed for anything else.
"use strict";

{
  const box = document.querySelector("[data-push]");
  const can = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

  const encoded = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

  function complain(words) {
    const problem = box.querySelector("[data-push-problem]");
    problem.textContent = words;
    problem.hidden = !words;
  }

  async function on() {
    complain("");
    if ((await Notification.requestPermission()) !== "granted") return complain(box.querySelector("[data-push-problem]").dataset.denied);
    await navigator.serviceWorker.register("/sw.js");
    const worker = await navigator.serviceWorker.ready;
    const applicationServerKey = await (await fetch("/me/push/key")).text();
    // One that was made with another key, or by who signed in before, is of no use.
    await (await worker.pushManager.getSubscription())?.unsubscribe();
    const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
    const fields = { endpoint: made.endpoint, p256dh: encoded(made.getKey("p256dh")), auth: encoded(made.getKey("auth")) };
    const response = await fetch("/me/push", { method: "POST", body: new URLSearchParams(fields) });
    if (response.status === 204) return location.reload();
    complain(await response.text());
  }

  if (box && can) {
    box.hidden = false;
    document.querySelector("[data-push-not]").hidden = true;
    box.querySelector("[data-push-on]").addEventListener("click", () => on().catch((error) => complain(error.message)));
  }
}
