// On lists of posts and in threads: keys, collapsing replies, ways to the next comment, pictures in
// place, and word of new comments. All of it is also done by links of the page, or is not needed.
"use strict";

const thread = document.getElementById("thread");
const picture = document.getElementById("picture");
const help = document.getElementById("keys");

const isFolded = (item) => item.parentElement.closest("details:not([open])");

/** The comments or posts that can be seen, from the top of the page down. */
function items() {
  const found = thread ? thread.querySelectorAll("li[id^=comment-]") : document.querySelectorAll("ol.posts > li");
  return [...found].filter((item) => !isFolded(item));
}

const tops = () => [...thread.querySelectorAll(":scope > ol.thread > li")];
const foldOf = (item) => item.querySelector(":scope > details");

/** What gets the focus of an item: what folds a comment, the link of a post. */
const handleOf = (item) => (thread ? item.querySelector(":scope > details > summary") : item.querySelector("h2 a"));

// The item that keys act on.
let current = null;

document.addEventListener("focusin", (event) => {
  const item = event.target.closest("li[id^=comment-], ol.posts > li");
  if (item) current = item;
});

/** Make it the current one, and show that: for keys and steps, not for every click. */
function mark(item) {
  for (const former of document.querySelectorAll(".at")) former.classList.remove("at");
  current = item;
  current.classList.add("at");
}

/** Move there; the page scrolls if the beginning of the item is not in view. */
function go(item) {
  if (!item) return;
  mark(item);
  handleOf(item).focus({ preventScroll: true });
  const box = item.getBoundingClientRect();
  if (box.top < 0 || Math.min(box.bottom, box.top + 160) > innerHeight) item.scrollIntoView();
}

/** The next of these (-1: the one before), from the current item or from what is in view. */
function next(list, step) {
  // What is collapsed now stands where its parent is.
  while (current && isFolded(current)) current = isFolded(current).closest("li");
  const isAt = current && current.isConnected;
  const top = isAt ? current.getBoundingClientRect().top : 0;
  const places = list.map((item) => item.getBoundingClientRect().top - top);
  // What was scrolled to is 16 pixels below the edge.
  if (step > 0) return list[places.findIndex((place) => place > (isAt ? 1 : 17))];
  return list[places.findLastIndex((place) => place < (isAt ? -1 : 15))];
}

// Sharing a comment: its own page has the link, and its menu has it once that is open.
document.addEventListener("toggle", ({ target }) => {
  if (!thread || !target.open || !target.matches("li .more")) return;
  const [, number] = target.closest("li").id.split("-");
  const address = `/comment/${number}/share`;
  const post = document.querySelector("a.share");
  if (!post || document.querySelector(`a[href="${address}"]`)) return;
  target.lastElementChild.append(Object.assign(document.createElement("a"), { href: address, textContent: post.textContent }));
}, true);

// Collapsing.

function foldReplies(link) {
  const open = link.dataset.open === "no";
  for (const box of thread.querySelectorAll("ol.thread ol.thread > li > details")) box.open = open;
  link.dataset.open = open ? "" : "no";
  link.textContent = open ? link.dataset.fold : link.dataset.unfold;
}

const fold = thread && document.querySelector("a.fold");
if (fold && fold.textContent === fold.dataset.unfold) fold.dataset.open = "no";

// Pictures.

function showPicture(address, alt) {
  const shown = new Image();
  shown.alt = alt;
  shown.src = address;
  picture.querySelector(".place").replaceChildren(shown);
  picture.querySelector("a").href = address;
  picture.showModal();
}

/** The address and the description of the picture that a part of the page shows, if any. */
function pictureAt(part) {
  const small = part.closest("[data-picture]");
  if (small) return [small.dataset.picture, small.dataset.alt];
  const link = part.closest(".shown a, .rich a");
  const shown = link && link.querySelector("img");
  return shown && link.href === shown.src ? [link.href, shown.alt] : null;
}

/** Make the pictures in texts links to themselves, so that the keyboard reaches them. */
function linkPictures(root) {
  for (const shown of root.querySelectorAll('.rich img:not([title^=":"])')) {
    if (shown.closest("a")) continue;
    const link = document.createElement("a");
    link.className = "enlarge";
    link.href = shown.src;
    shown.replaceWith(link);
    link.append(shown);
  }
}

linkPictures(document);

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const found = pictureAt(event.target);
  const link = event.target.closest("a.fold");
  if (!found && !link) return;
  event.preventDefault();
  if (link) foldReplies(link);
  else showPicture(...found);
});

for (const box of document.querySelectorAll("dialog")) {
  // A click on the dialog itself is one beside its content.
  box.addEventListener("click", (event) => {
    if (event.target === box || event.target.closest(".close, .place")) box.close();
  });
}

// Ways to the next comment at the top, for thumbs and mice.

function addSteps() {
  const bar = document.createElement("div");
  bar.className = "steps-bar";
  for (const [sign, step, label] of [["↑", -1, thread.dataset.previous], ["↓", 1, thread.dataset.next]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      // From what is in view, not from what was left.
      const { top } = current ? current.getBoundingClientRect() : { top: -1 };
      if (top < 0 || top > innerHeight) current = null;
      const item = next(tops(), step);
      if (!item) return;
      mark(item);
      item.scrollIntoView();
    });
    bar.append(button);
  }
  thread.after(bar);
  // Not over what leads to the comments, which may begin at the bottom of the screen.
  bar.hidden = true;
  new IntersectionObserver(([{ isIntersecting }]) => { bar.hidden = !isIntersecting; }, { rootMargin: "999999px 0px -128px" }).observe(document.getElementById("comments"));
}

if (thread && !thread.classList.contains("flat") && tops().length > 2) addSteps();

// Keys: single ones, never while writing or with a modifier.

function nextNew() {
  const found = [...thread.querySelectorAll("li.new")];
  for (const item of found) for (let box = isFolded(item); box; box = isFolded(item)) box.open = true;
  return next(found, 1) || found[0];
}

const press = (selector) => {
  const found = current && current.querySelector(selector);
  if (found) found.click();
};
const own = thread ? ":scope > details > .tools " : "";

const KEYS = {
  j: () => go(next(items(), 1)),
  k: () => go(next(items(), -1)),
  o: () => {
    if (!current) return;
    if (thread) foldOf(current).open = !foldOf(current).open;
    else press("a.count");
  },
  a: () => press(`${own}.vote.up`),
  u: () => press(`${own}.vote.up`),
  z: () => press(`${own}.vote.down`),
  d: () => press(`${own}.vote.down`),
  x: () => {
    const place = current || (thread ? document.querySelector(".post-head") : null);
    const shown = place && place.querySelector(thread && current ? ":scope > details > .rich a > img" : "[data-picture], .shown img, .rich a > img");
    if (shown) shown.click();
  },
  "?": () => help.showModal(),
};
const THREAD_KEYS = {
  n: () => go(next(tops(), 1)),
  p: () => go(next(tops(), -1)),
  f: () => go(nextNew()),
  c: () => fold && foldReplies(fold),
  r: () => {
    if (current) press(`${own}a.reply`);
    else document.querySelector("form.reply textarea")?.focus();
  },
};

const isTyping = (part) => part.isContentEditable || part.matches("textarea, select, input:not([type=checkbox], [type=radio])");

document.addEventListener("keydown", (event) => {
  if (!help || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || document.querySelector("dialog[open], details.menu[open]")) return;
  const does = KEYS[event.key] || (thread && THREAD_KEYS[event.key]);
  if (!does) return;
  event.preventDefault();
  does();
});

// Word of new comments, while the page is in view. Nothing moves until the reader follows the link.

const EVERY = 45_000;
const news = document.querySelector(".news");
let timer = 0;
let asked = Date.now();

async function ask() {
  asked = Date.now();
  try {
    const answer = await fetch(news.dataset.news, { cache: "no-cache", redirect: "manual" });
    // The thread, or the right to read it, is gone.
    if (!answer.ok) return;
    const { count, text } = await answer.json();
    if (count && news.textContent !== text) {
      const link = document.createElement("a");
      link.href = news.dataset.show;
      link.textContent = text;
      news.replaceChildren(link);
    }
    later();
  } catch {
    later();
  }
}

function later() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(ask, Math.max(asked + EVERY - Date.now(), 0));
}

if (news) {
  document.addEventListener("visibilitychange", later);
  later();
}
