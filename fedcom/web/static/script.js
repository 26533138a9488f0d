// Makes voting, replying, adding pictures and folding immediate, suggests communities, and keeps
// what was typed. The pages work without it: every button here is also part of a plain form, which is
// submitted if anything goes wrong.
"use strict";

const act = document.getElementById("act");

/** POST a body to one of our addresses; returns its JSON, or throws an Error with the server's message. */
async function send(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
    redirect: "manual",
  });
  const isJson = (answer.headers.get("content-type") || "").includes("json");
  const said = isJson ? await answer.json() : {};
  if (!answer.ok) throw new Error(said.detail || "");
  return said;
}

// What this tab remembers until it is closed. Browsers may refuse to.
let isForgetful = false;

function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    if (value) sessionStorage.setItem(key, JSON.stringify(value));
    else sessionStorage.removeItem(key);
  } catch {
    isForgetful = true;
  }
}

function forget() {
  try {
    sessionStorage.clear();
  } catch {
    isForgetful = true;
  }
}

// A page that the browser kept shows the votes of its time.
addEventListener("pageshow", (event) => {
  const [how] = performance.getEntriesByType("navigation");
  if (!event.persisted && !(how && how.type === "back_forward")) return;
  for (const [address, [vote, score]] of Object.entries(stored("votes") || {})) {
    for (const button of document.querySelectorAll(`.vote.up[formaction="${address}"]`)) {
      showVote(button.closest(".votes"), vote, score);
    }
  }
});

function showVote(box, vote, score) {
  for (const [name, value] of [["up", 1], ["down", -1]]) {
    const button = box.querySelector(`.vote.${name}`);
    if (!button) continue;
    button.setAttribute("aria-pressed", String(vote === value));
    button.value = String(vote === value ? 0 : value);
  }
  const text = box.querySelector(".score").lastChild;
  text.nodeValue = String(score);
}

async function vote(button) {
  const box = button.closest(".votes");
  if (box.dataset.busy) return;
  box.dataset.busy = "1";
  const before = box.cloneNode(true);
  const up = box.querySelector(".up");
  const down = box.querySelector(".down");
  const was = pressed(up) - pressed(down);
  const wanted = Number(button.value);
  const score = Number(box.querySelector(".score").lastChild.nodeValue);
  showVote(box, wanted, score - was + wanted);
  try {
    const address = button.getAttribute("formaction");
    const fields = { form_token: act.elements.form_token.value, score: wanted };
    const said = await send(address, new URLSearchParams(fields));
    showVote(box, said.vote, said.score);
    store("votes", { ...stored("votes"), [address]: [said.vote, said.score] });
    delete box.dataset.busy;
  } catch {
    box.replaceWith(before);
    act.requestSubmit(before.querySelector(button.classList.contains("up") ? ".up" : ".down"));
  }
}

function pressed(button) {
  return button && button.getAttribute("aria-pressed") === "true" ? 1 : 0;
}

/** The reply form of this comment: the page's own form, moved below it. */
function openReply(link) {
  const place = link.closest("li");
  const open = place.querySelector(":scope > details > form.reply");
  if (open) {
    open.elements.body.focus();
    return true;
  }
  const first = document.querySelector("form.reply");
  if (!first) return false;
  const form = first.cloneNode(true);
  form.removeAttribute("id");
  for (const alert of form.querySelectorAll(".alert, .error, .preview, .notice")) alert.remove();
  for (const part of form.querySelectorAll("[id], [for], [aria-describedby]")) {
    for (const name of ["id", "for", "aria-describedby"]) {
      const value = part.getAttribute(name);
      if (value) part.setAttribute(name, `${value.trim().split(" ")[0]}-${place.id}`);
    }
  }
  form.elements.parent.value = place.id.replace("comment-", "");
  const text = form.elements.body;
  const label = form.querySelector(`label[for="${text.id}"]`);
  for (const part of [text, form.elements.image, form.elements.image_alt]) {
    part.defaultValue = part.value = "";
    part.removeAttribute("aria-invalid");
  }
  text.setAttribute("aria-label", `${link.textContent}: ${link.dataset.to}`);
  if (label) label.remove();
  const cancel = document.createElement("button");
  cancel.type = "button";
  cancel.className = "cancel";
  cancel.textContent = first.dataset.cancel;
  form.querySelector(".actions").append(cancel);
  link.closest(".tools").after(form);
  restore(form);
  text.focus();
  return true;
}

function closeReply(form) {
  const link = form.closest("li").querySelector(":scope > details > .tools a.reply");
  store(keyOf(form));
  form.remove();
  if (link) link.focus();
}

/** Show the new comment at its final position: by time in a flat list, else below its parent. */
function insert(form, said) {
  const all = document.getElementById("thread");
  const isFlat = all && all.classList.contains("flat");
  const place = isFlat ? null : form.closest("li");
  const box = place ? place.querySelector(":scope > details") : document.getElementById("thread");
  let list = box.querySelector(":scope > ol.thread");
  if (!list) {
    list = document.createElement("ol");
    list.className = "thread";
    if (!place) box.replaceChildren();
    box.append(list);
  }
  list.insertAdjacentHTML(isFlat && !all.classList.contains("newest") ? "beforeend" : "afterbegin", said.html);
  const made = document.getElementById(`comment-${said.id}`);
  made.tabIndex = -1;
  made.focus();
}

/** Say something above this part of a form. */
function say(part, sentence, role = "alert") {
  const above = part.previousElementSibling;
  const box = above && above.matches("[role]") ? above : document.createElement("p");
  box.className = role === "alert" ? "alert" : "notice";
  box.setAttribute("role", role);
  box.textContent = sentence;
  part.before(box);
}

/** Above all fields of the form. */
const topOf = (form) => form.querySelector(".field");

async function answer(form) {
  const button = form.querySelector("button.main");
  button.disabled = true;
  try {
    if (form.elements.image.value && !(await attach(form))) return;
    const fields = new FormData(form);
    fields.delete("image");
    const said = await send(form.action, new URLSearchParams(fields));
    store(keyOf(form));
    insert(form, said);
    if (form.closest("li")) {
      form.remove();
    } else {
      // Not back to a draft, which has been sent.
      form.elements.body.defaultValue = "";
      form.querySelectorAll(":scope > :is(.notice, .alert, .preview)").forEach((box) => box.remove());
      form.reset();
    }
  } catch (error) {
    if (error.message) say(topOf(form), error.message);
    else form.submit();
  } finally {
    button.disabled = false;
  }
}

// Pictures in a text: chosen, dropped or pasted, then described, then put where the cursor is.

/** Upload the chosen picture; returns whether its Markdown stands in the text now. */
async function attach(form) {
  const { body, image, image_alt: alt, attach: button } = form.elements;
  if (!image.value) {
    image.click();
    return false;
  }
  const fields = new FormData();
  fields.set("form_token", act.elements.form_token.value);
  fields.set("picture", image.files[0]);
  fields.set("alt", alt.value);
  button.disabled = true;
  try {
    const said = await send("/upload", fields);
    const before = body.value.slice(0, body.selectionStart);
    const gap = before && !before.endsWith("\n") ? "\n\n" : "";
    body.setRangeText(`${gap}${said.markdown}\n`, body.selectionStart, body.selectionEnd, "end");
    image.value = alt.value = "";
    image.closest("details").open = false;
    body.focus();
    keep(form);
    return true;
  } catch (error) {
    if (error.message) say(button.closest(".actions"), error.message);
    else form.requestSubmit(button);
    return false;
  } finally {
    button.disabled = false;
  }
}

/** The picture among files that came to this part of a page, and the form that takes it. */
function pictureFor(part, data) {
  const form = part.form;
  const file = part.name === "body" && form.elements.image && [...data.files].find((one) => one.type.startsWith("image/"));
  return file ? { form, file } : null;
}

function take(event, data) {
  const found = pictureFor(event.target, data);
  if (!found) return;
  event.preventDefault();
  const { image, image_alt: alt } = found.form.elements;
  const chosen = new DataTransfer();
  chosen.items.add(found.file);
  image.files = chosen.files;
  image.closest("details").open = true;
  alt.focus();
}

// Office programs copy a picture of each text beside it.
document.addEventListener("paste", (event) => event.clipboardData.types.includes("text/plain") || take(event, event.clipboardData));
document.addEventListener("drop", (event) => event.dataTransfer && take(event, event.dataTransfer));
document.addEventListener("dragover", (event) => {
  if (event.target.name === "body" && event.dataTransfer.types.includes("Files")) event.preventDefault();
});

// What was typed stays in this tab until it is sent; closing the tab asks first.

const KEPT = `text ${act ? act.dataset.who : ""} `;
const changed = new Set();
// By a link of ours, from which one comes back to the kept text; by a button.
let isLeaving = false;
let isSending = false;

const keyOf = (form) => `${KEPT}${new URL(form.action).pathname} ${form.elements.parent ? form.elements.parent.value : ""}`;
const textsOf = (form) => [...form.elements].filter((one) => one.name && /^(text|url|textarea)$/.test(one.type));

function keep(form) {
  const texts = textsOf(form).filter((one) => one.value !== one.defaultValue);
  store(keyOf(form), texts.length && texts.map((one) => [one.name, one.value, one.defaultValue]));
  changed.add(form);
}

function restore(form) {
  let found = false;
  for (const [name, value, before] of stored(keyOf(form)) || []) {
    const field = form.elements[name];
    if (!field || field.value !== before) continue;
    field.value = value;
    if (field.closest("details")) field.closest("details").open = true;
    found = true;
  }
  if (!found) return;
  changed.add(form);
  say(topOf(form), act.dataset.restored, "status");
}

const isWriting = (form) => form && act && form.method === "post" && form.querySelector("textarea") && form.closest("main");

for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    if (isWriting(event.target.form)) keep(event.target.form);
  });
}

document.addEventListener("submit", (event) => {
  isSending = true;
  if (new URL(event.target.action).pathname === "/logout") forget();
  // The next page shows that it arrived, or has it again.
  else if (isWriting(event.target)) store("sent", keyOf(event.target));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  isLeaving = Boolean(link && !link.target && link.host === location.host);
});

addEventListener("pageshow", () => (isLeaving = isSending = false));
addEventListener("beforeunload", (event) => {
  const texts = [...changed].filter((form) => form.isConnected && textsOf(form).some((one) => one.value !== one.defaultValue));
  if (texts.length && (!isLeaving || isForgetful) && !isSending) event.preventDefault();
});

if (act) {
  const sent = stored("sent");
  if (sent) store(sent);
  store("sent");
  [...document.forms].filter(isWriting).forEach(restore);
  for (const key of isForgetful ? [] : Object.keys(sessionStorage)) {
    const [, path, parent] = key.startsWith(KEPT) ? key.slice(KEPT.length - 1).split(" ") : [];
    const link = path === `${location.pathname}/comment` && parent && document.querySelector(`#comment-${parent} > details > .tools a.reply`);
    if (link) openReply(link);
  }
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const button = event.target.closest("button.vote, button[name=attach]");
  if (button && act) {
    event.preventDefault();
    if (button.name === "attach") attach(button.form);
    else vote(button);
    return;
  }
  const link = event.target.closest("a.reply");
  if (link && act && openReply(link)) {
    event.preventDefault();
    return;
  }
  const cancel = event.target.closest("form.reply .cancel");
  if (cancel) closeReply(cancel.closest("form"));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  // Only submitting is immediate; previews and drafts have buttons with a name.
  if (!form.matches("form.reply") || (event.submitter && event.submitter.name)) return;
  event.preventDefault();
  isSending = false;
  store("sent");
  answer(form);
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest && event.target.closest("form.reply");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.main"));
  }
  if (form && event.key === "Escape" && form.querySelector(".cancel") && !form.elements.body.value) {
    closeReply(form);
  }
});

// In a thread, what helps to write is loaded when somebody begins to, or selects what may be quoted.
function loadEditor() {
  const src = document.querySelector("#main .toolbar[hidden]")?.dataset.editor;
  if (!src || document.querySelector(`script[src="${src}"]`)) return;
  document.head.append(Object.assign(document.createElement("script"), { type: "module", src }));
}

addEventListener("focusin", (event) => event.target.matches("textarea") && loadEditor());
if (document.querySelector('.reply [name="parent"]:not([value=""])')) loadEditor();
document.addEventListener("selectionchange", () => getSelection().isCollapsed || loadEditor());

// A click outside and Escape close menus, as usual.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest && event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// The line next to a thread folds it too: a large touch target.
document.addEventListener("click", (event) => {
  const list = event.target;
  if (!list.matches || !list.matches("ol.thread ol.thread")) return;
  const box = list.getBoundingClientRect();
  const edge = getComputedStyle(list).direction === "rtl" ? box.right - event.clientX : event.clientX - box.left;
  if (edge < 12) list.closest("details").open = false;
});

// A link to a comment opens what it is folded into; one that is not on this page has its own.
function goToComment() {
  const [, number] = /^#comment-(\d+)$/.exec(location.hash) || [];
  if (!number || !document.getElementById("thread")) return;
  const place = document.getElementById(`comment-${number}`);
  const own = `/comment/${number}`;
  if (!place) {
    const isBack = document.referrer.startsWith(location.origin + own);
    if (location.pathname !== own && !isBack) location.replace(own);
    return;
  }
  let folded = place.parentElement.closest("details:not([open])");
  if (!folded) return;
  for (; folded; folded = folded.closest("details:not([open])")) folded.open = true;
  place.scrollIntoView();
}

goToComment();
addEventListener("hashchange", goToComment);

// Suggestions while typing: a combobox as in the ARIA Authoring Practices Guide.
function suggest(input) {
  const list = document.createElement("ul");
  const status = document.createElement("p");
  let timer = 0;
  list.id = `${input.id}-list`;
  list.className = "options";
  list.hidden = true;
  status.className = "help";
  input.removeAttribute("list");
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.list);
  status.setAttribute("role", "status");
  input.after(list, status);

  const current = () => list.querySelector('[aria-selected="true"]');

  function select(option) {
    if (current()) current().setAttribute("aria-selected", "false");
    input.removeAttribute("aria-activedescendant");
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  function open(isOpen) {
    clearTimeout(timer);
    select(null);
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
  }

  function pick(option) {
    input.value = option.dataset.value;
    status.textContent = option.firstChild.textContent;
    open(false);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function toOption(one, number) {
    const option = document.createElement("li");
    option.id = `${list.id}-${number}`;
    option.dataset.value = one.value;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    for (const text of [one.title, one.handle]) {
      const part = document.createElement("bdi");
      part.textContent = text;
      option.append(part, " ");
    }
    return option;
  }

  async function ask() {
    const text = input.value;
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(text)}`);
      const found = await answer.json();
      if (input.value !== text || document.activeElement !== input) return;
      list.replaceChildren(...found.map(toOption));
      status.textContent = found.length ? "" : input.dataset.none;
      open(found.length > 0);
    } catch {
      open(false);
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  }

  input.addEventListener("input", later);
  input.addEventListener("click", later);
  input.addEventListener("blur", () => open(false));
  // The field keeps the focus.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => pick(event.target.closest("li")));
  input.addEventListener("keydown", (event) => {
    const options = [...list.children];
    const at = options.indexOf(current());
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.hidden) ask();
    else if (step) select(options.at((at < 0 && step < 0 ? 0 : at + step) % options.length));
    else if (list.hidden || !["Enter", "Escape"].includes(event.key)) return;
    else if (event.key === "Enter") pick(current() || options[0]);
    else open(false);
    event.preventDefault();
  });
}

document.querySelectorAll("input[data-suggest]").forEach(suggest);

// The copy button is shown where the browser permits copying; the text is next to it.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest && event.target.closest("button[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.firstChild.nodeValue = button.dataset.copied;
  } catch {
    button.hidden = true;
  }
});
