// Shows push messages, and opens what they are about. The service worker imports this.
"use strict";

addEventListener("push", (event) => {
  const { title, body, url, tag, lang } = event.data.json();
  const shown = { body, tag, lang, dir: "auto", icon: "/static/icon.svg", data: url };
  event.waitUntil(registration.showNotification(title, shown));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data));
});

// In a window that is open already, if there is one.
async function show(path) {
  const [open] = await clients.matchAll({ type: "window" });
  if (!open) return clients.openWindow(path);
  await open.focus();
  try {
    return await open.navigate(path);
  } catch {
    return clients.openWindow(path);
  }
}
