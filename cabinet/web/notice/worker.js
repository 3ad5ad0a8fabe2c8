// Shows what the cabinet pushes to this browser (Web Push), and opens its page.
"use strict";

self.addEventListener("push", (event) => {
  const { id, title, body, url } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag: id, data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const to = new URL(event.notification.data.url, self.location.origin);
  if (to.origin !== self.location.origin) return; // the cabinet's own pages alone
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const same = open.find((tab) => tab.url === to.href);
    await (same ? same.focus() : self.clients.openWindow(to.href));
  })());
});
