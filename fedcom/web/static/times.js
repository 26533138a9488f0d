// Shows times in the reader's own time zone. Without it, pages show them in UTC and say so.
"use strict";

const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});

function localize(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const local = format.format(new Date(time.dateTime));
    // An age ("2 hours ago") has the exact time in its title.
    if (time.title) time.title = local;
    else time.textContent = local;
  }
}

localize(document);
// Comments that the other script inserts.
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const added of change.addedNodes) if (added.nodeType === 1) localize(added);
  }
}).observe(document.body, { childList: true, subtree: true });
