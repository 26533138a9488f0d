// Shows a page of its own without a network, and keeps files whose address names their version. All
// other requests go to the network as if there were no worker: pages may be private.
"use strict";

const CACHE = `fedcom-${SETTINGS.version}`;

addEventListener("install", (event) => {
  const requests = SETTINGS.kept.map((address) => new Request(address, { credentials: "omit" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(begin());
});

async function begin() {
  for (const name of await caches.keys()) {
    if (name.startsWith("fedcom-") && name !== CACHE) await caches.delete(name);
  }
  // So that pages need not wait until the worker has started.
  if (registration.navigationPreload) await registration.navigationPreload.enable();
  await clients.claim();
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, searchParams } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(open(event));
  else if (pathname.startsWith("/static/") && searchParams.has("v")) event.respondWith(keep(request));
});

async function open(event) {
  try {
    return (await event.preloadResponse) || (await fetch(event.request));
  } catch {
    return (await caches.match(SETTINGS.offline)) || Response.error();
  }
}

async function keep(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
