// Shows times in the reader's own time zone, and the pictures of people and communities; shares.
// Without it, times are in UTC and say so, the first letter of a name stands for a picture, and a page
// has the address to share.
"use strict";

const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function localize(root) {
  // The server wrote the times in the zone that the member chose.
  if (document.documentElement.dataset.zone) return;
  for (const time of root.querySelectorAll("time[datetime]")) {
    const local = format.format(new Date(time.dateTime));
    // An age ("2 hours ago") has the exact time in its title.
    if (time.title) time.title = local;
    else time.textContent = local;
  }
}

// Only pictures in view are fetched, and few until the reader scrolls: a thread has a hundred people.
const AT_FIRST = 3;
const fetched = new Set();
let hasScrolled = false;

const inView = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) showFace(target);
});

function showFace(face) {
  inView.unobserve(face);
  const address = face.dataset.face;
  if (!hasScrolled && !fetched.has(address) && fetched.size >= AT_FIRST) return;
  fetched.add(address);
  delete face.dataset.face;
  const picture = new Image();
  picture.alt = "";
  picture.onload = () => face.append(picture);
  picture.src = address;
}

function watch(root) {
  for (const face of root.querySelectorAll("[data-face]")) inView.observe(face);
}

addEventListener("scroll", () => {
  hasScrolled = true;
  watch(document);
}, { once: true, passive: true });

// Sharing a post: with the programs of the reader's system, where there are any.
addEventListener("click", async (event) => {
  const link = event.target.closest("a.share");
  if (!link || !navigator.share || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  // Without the number of unread notifications.
  const title = document.title.replace(/^\([^)]*\) /, "");
  try {
    await navigator.share({ title, url: link.dataset.address });
  } catch (error) {
    if (error.name !== "AbortError") location.href = link.href;
  }
});

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(field.value);
    button.parentElement.querySelector("[role=status]").textContent = button.dataset.done;
  });
}

// For times without a network: for members, and where this is an app. After all that the page needs.
const isApp = matchMedia("(display-mode: standalone)").matches;
if (navigator.serviceWorker && (isApp || document.getElementById("act"))) {
  addEventListener("load", () => navigator.serviceWorker.register("/service-worker.js").catch(() => {}));
}

const zones = document.querySelector("select[name=time_zone]");
if (zones && zone) zones.options[0].textContent += ` (${zone})`;

localize(document);
watch(document);
// Comments that the other script inserts.
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const added of change.addedNodes) {
      if (added.nodeType !== 1) continue;
      localize(added);
      watch(added);
    }
  }
}).observe(document.body, { childList: true, subtree: true });
