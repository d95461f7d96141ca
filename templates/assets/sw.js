// Shows that a case waits, also where no page is open. It reads nothing, keeps nothing and answers no request:
// what it is told says nothing of the texter.
"use strict";

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data?.json() ?? {};
  } catch {
    // Not ours to read: it is shown all the same, because a browser wants every push to be seen.
  }
  const shown = registration.showNotification(said.title ?? "Harborline", {
    body: said.body ?? "",
    tag: "case",
    renotify: true,
    requireInteraction: true,
    icon: "/assets/icon-192.png",
    badge: "/assets/icon-192.png",
  });
  event.waitUntil(shown);
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const open = clients.matchAll({ type: "window" }).then((pages) => {
    const queue = pages.find((page) => new URL(page.url).pathname === "/") ?? pages[0];
    return queue ? queue.focus() : clients.openWindow("/");
  });
  event.waitUntil(open);
});
