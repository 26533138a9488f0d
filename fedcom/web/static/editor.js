// Helps to write in Markdown: a toolbar, completion of names and emoji, quotes of what is selected, and
// the preview in place. Loaded after script.js, or by it; it uses its functions. Without it, the same is typed,
// and the preview is a page. A module, so that its names are its own.

const bars = document.querySelectorAll(".toolbar");
const barOf = (text) => text.matches && text.matches("textarea") && text.parentElement.querySelector(":scope > .toolbar");

// In the order of the names that the page gives, as lines of 24 × 24.
const DRAWINGS = {
  bold: "M7 4h6.5a4 4 0 0 1 0 8H7zM7 12h7.5a4 4 0 0 1 0 8H7z",
  italic: "M11 4h7M6 20h7M14.5 4l-5 16",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  quote: "M4 5v14M9 8h11M9 12h11M9 16h7",
  list: "M4 6h.5M4 12h.5M4 18h.5M9 6h11M9 12h11M9 18h11",
  code: "m8 7-5 5 5 5M16 7l5 5-5 5",
  spoiler: "M3 4l18 16M9.5 6a9 9 0 0 1 11.5 6 12 12 0 0 1-2.5 3.6M6.5 8A12 12 0 0 0 3 12c2 4 5 6 9 6a9 9 0 0 0 3-.5",
};
const KEYS = { b: "bold", i: "italic", k: "link" };

function toButton([name, drawing], label) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.mark = name;
  button.tabIndex = name === "bold" ? 0 : -1;
  button.title = label;
  button.setAttribute("aria-label", label);
  const [key] = Object.entries(KEYS).find(([, one]) => one === name) || [];
  if (key) {
    button.title += ` (Ctrl+${key.toUpperCase()})`;
    button.setAttribute("aria-keyshortcuts", `Control+${key.toUpperCase()}`);
  }
  button.innerHTML = `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${drawing}"/></svg>`;
  return button;
}

for (const bar of bars) {
  const names = bar.dataset.names.split("|");
  bar.replaceChildren(...Object.entries(DRAWINGS).map((one, number) => toButton(one, names[number])));
  bar.hidden = false;
}

/** Put words in place of a part of the text, and select from `from` to `to` in them. */
function put(text, start, end, words, from = words.length, to = from) {
  text.focus();
  text.setSelectionRange(start, end);
  // As if it were typed, so that it can be undone.
  if (!document.execCommand(words ? "insertText" : "delete", false, words)) {
    text.setRangeText(words, start, end);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  text.setSelectionRange(start + from, start + to);
}

/** The selected part of the text, without the space that a double click selects too. */
function selectedIn({ value, selectionStart: start, selectionEnd: end }) {
  while (end > start && /\s/.test(value[end - 1])) end -= 1;
  while (start < end && /\s/.test(value[start])) start += 1;
  return [start, end, value.slice(start, end)];
}

/** Put these marks around the selected part, or remove them. */
function surround(text, mark) {
  const [start, end, words] = selectedIn(text);
  const size = mark.length;
  const before = text.value.slice(0, start);
  const stars = /\**$/.exec(before)[0].length;
  const isThere = before.endsWith(mark) && text.value.startsWith(mark, end);
  // A single star of two means something else.
  if (isThere && !(mark === "*" && stars === 2)) put(text, start - size, end + size, words, 0, words.length);
  else put(text, start, end, mark + words + mark, size, size + words.length);
}

/** Begin each selected line with this mark, or remove it. */
function beginLines(text, mark) {
  const { value, selectionStart: first, selectionEnd: last } = text;
  const start = value.slice(0, first).lastIndexOf("\n") + 1;
  const end = value.indexOf("\n", last) < 0 ? value.length : value.indexOf("\n", last);
  const lines = value.slice(start, end).split("\n");
  const isThere = lines.every((line) => line.startsWith(mark));
  const words = lines.map((line) => (isThere ? line.slice(mark.length) : mark + line)).join("\n");
  put(text, start, end, words, first === last ? words.length : 0, words.length);
}

/** Put lines above and below the selected part; `chosen` is selected then, or the part itself. */
function enclose(text, above, below, chosen = "") {
  const [start, end, words] = selectedIn(text);
  const { value } = text;
  const gap = start && value[start - 1] !== "\n" ? "\n" : "";
  const after = value[end] === "\n" ? "" : "\n";
  const from = gap.length + (chosen ? above.lastIndexOf(chosen) : above.length + 1);
  put(text, start, end, `${gap}${above}\n${words}\n${below}${after}`, from, from + (chosen || words).length);
}

const MARKS = {
  bold: (text) => surround(text, "**"),
  italic: (text) => surround(text, "*"),
  quote: (text) => beginLines(text, "> "),
  list: (text) => beginLines(text, "- "),
  code: (text) => (selectedIn(text)[2].includes("\n") ? enclose(text, "```", "```") : surround(text, "`")),
  spoiler: (text, title) => enclose(text, `::: spoiler ${title}`, ":::", title),
  link(text) {
    const [start, end, words] = selectedIn(text);
    if (/^https?:\/\/\S+$/.test(words)) put(text, start, end, `[](${words})`, 1);
    else put(text, start, end, `[${words}](https://)`, words.length + 3, words.length + 11);
  },
};

const mark = (text, name) => MARKS[name](text, barOf(text).dataset.title);

// The text keeps the focus, and a phone its keyboard.
document.addEventListener("mousedown", (event) => event.target.closest(".toolbar") && event.preventDefault());
document.addEventListener("click", (event) => {
  const button = event.target.closest(".toolbar button");
  if (button) mark(button.closest(".field").querySelector("textarea"), button.dataset.mark);
});

/** One button of a toolbar is reached by Tab, the others by the arrow keys. */
function move(event, bar) {
  const buttons = [...bar.querySelectorAll("button")];
  const ahead = getComputedStyle(bar).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const at = buttons.indexOf(event.target);
  const to = { Home: 0, End: -1, ArrowLeft: at - 1, ArrowRight: at - 1, [ahead]: (at + 1) % buttons.length }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  for (const button of buttons) button.tabIndex = -1;
  buttons.at(to).tabIndex = 0;
  buttons.at(to).focus();
}

document.addEventListener("keydown", (event) => {
  if (!event.target.closest) return;
  const bar = event.target.closest(".toolbar");
  if (bar) move(event, bar);
  const key = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && KEYS[event.key.toLowerCase()];
  if (!key || !barOf(event.target)) return;
  event.preventDefault();
  mark(event.target, key);
});

// Completion of @name, !community and :emoji: while typing. A text of several lines may not be a
// combobox (ARIA in HTML); it has the same list and keys.

const WORD = /(?:^|[\s(>*_"'[])(@[\p{L}\p{N}_.@:-]*|![\p{L}\p{N}_.@:-]+|:[\p{L}\p{N}_+-]{2,})$/u;
const list = document.createElement("ul");
const found = document.createElement("p");
const known = new Map();
let typing = null;
let timer = 0;
list.id = "completions";
list.className = "options";
list.setAttribute("role", "listbox");
found.className = "sr";
found.setAttribute("role", "status");
document.body.append(found);

const chosen = () => list.querySelector('[aria-selected="true"]');

function choose(option) {
  if (chosen()) chosen().setAttribute("aria-selected", "false");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  typing.text.setAttribute("aria-activedescendant", option.id);
}

function close() {
  clearTimeout(timer);
  if (!typing) return;
  for (const name of ["aria-activedescendant", "aria-controls", "aria-autocomplete", "aria-haspopup"]) typing.text.removeAttribute(name);
  list.remove();
  found.textContent = "";
  typing = null;
}

/** How far the cursor's line ends below the top of the text. */
function lineEnd(text) {
  const copy = document.createElement("div");
  const style = getComputedStyle(text);
  for (const name of ["font", "padding", "border", "boxSizing", "width", "lineHeight", "letterSpacing", "overflowWrap", "direction"]) copy.style[name] = style[name];
  Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap" });
  const cursor = document.createElement("span");
  cursor.textContent = "|";
  copy.append(text.value.slice(0, text.selectionEnd), cursor);
  text.after(copy);
  const end = cursor.offsetTop + cursor.offsetHeight - text.scrollTop;
  copy.remove();
  return Math.min(end, text.offsetHeight);
}

function toOption({ value, title, picture }, number) {
  const option = document.createElement("li");
  option.id = `${list.id}-${number}`;
  option.dataset.value = value;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  if (picture) option.append(Object.assign(new Image(), { src: picture, alt: "" }), " ");
  for (const part of [title, value].filter(Boolean)) {
    const box = document.createElement("bdi");
    box.textContent = part;
    option.append(box, " ");
  }
  return option;
}

function open(text, lines) {
  close();
  if (!lines.length) return;
  typing = { text };
  list.replaceChildren(...lines.map(toOption));
  list.setAttribute("aria-label", barOf(text).dataset.list);
  text.parentElement.append(list);
  list.style.insetBlockStart = `${text.offsetTop + lineEnd(text)}px`;
  const attributes = { "aria-controls": list.id, "aria-autocomplete": "list", "aria-haspopup": "listbox" };
  for (const [name, value] of Object.entries(attributes)) text.setAttribute(name, value);
  found.textContent = `${barOf(text).dataset.list}: ${lines.length}`;
  choose(list.firstChild);
}

function wordAt(text) {
  if (text.selectionStart !== text.selectionEnd) return "";
  const [, word = ""] = WORD.exec(text.value.slice(0, text.selectionEnd)) || [];
  return word;
}

async function suggestFor(text, word) {
  const where = new URL(text.form.action).pathname;
  if (!known.has(word)) {
    try {
      const answer = await fetch(`/complete?${new URLSearchParams({ q: word, at: where })}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      known.set(word, await answer.json());
    } catch {
      return;
    }
  }
  if (document.activeElement === text && wordAt(text) === word) open(text, known.get(word));
}

/** Until the answer for a longer word is here: of the last one, what still fits. */
function narrow(word) {
  const letters = word.slice(1).toLowerCase();
  for (const option of [...list.children]) if (!option.textContent.toLowerCase().includes(letters)) option.remove();
  if (list.firstChild) choose(chosen() || list.firstChild);
  else close();
}

function pick(option) {
  const { text } = typing;
  const word = wordAt(text);
  const end = text.selectionEnd;
  const value = option.dataset.value;
  const hasSpace = text.value[end] === " ";
  close();
  put(text, end - word.length, end + hasSpace, `${value} `);
}

document.addEventListener("input", (event) => {
  const text = event.target;
  if (!barOf(text) || event.isComposing) return;
  const word = wordAt(text);
  if (!word) {
    close();
    return;
  }
  if (typing) narrow(word);
  clearTimeout(timer);
  timer = setTimeout(suggestFor, 150, text, word);
});
document.addEventListener("focusout", close);
document.addEventListener("click", (event) => typing && event.target === typing.text && close());
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", (event) => event.target.closest("li") && pick(event.target.closest("li")));
// Before the keys of forms.
document.addEventListener("keydown", (event) => {
  if (!typing || event.target !== typing.text || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const options = [...list.children];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(options.at((options.indexOf(chosen()) + step) % options.length));
  else if (event.key === "Escape") close();
  else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) pick(chosen());
  else {
    if (/^(Arrow|Home|End|Page)/.test(event.key)) close();
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}, true);

// Quoting: the selected words of a comment or of the post begin the reply to it.

/** The text in which the selection begins, if it can be replied to. */
function selectedText() {
  const selection = getSelection();
  if (selection.isCollapsed) return null;
  const start = selection.getRangeAt(0).startContainer;
  const box = (start.closest ? start : start.parentElement).closest("#thread .rich, .post-head .rich");
  return box && !box.closest("form") && formFor(box) ? box : null;
}

/** That text, and the words selected in it; null for none. */
function selected() {
  const box = selectedText();
  if (!box) return null;
  const selection = getSelection();
  const { startContainer, startOffset, endContainer } = selection.getRangeAt(0);
  // Three clicks select up to the next text.
  if (!box.contains(endContainer)) selection.setBaseAndExtent(startContainer, startOffset, box, box.childNodes.length);
  const words = selection.toString().trim();
  return words ? { box, words } : null;
}

/** Opens the form for a reply to this text if it is asked to; whether, or which, there is. */
function formFor(box, isAsked = false) {
  const place = box.closest("#thread li");
  if (!place) return [...document.querySelectorAll("form.reply")].find((form) => !form.elements.parent.value);
  const link = place.querySelector(":scope > details > .tools a.reply");
  if (!link || !isAsked) return link;
  return openReply(link) && place.querySelector(":scope > details > form.reply");
}

function quote({ box, words }) {
  const form = formFor(box, true);
  if (!form) return;
  const text = form.elements.body;
  // What was selected is text: nothing in it is a mark.
  const plain = words.replace(/[\\`*[<~^]/g, "\\$&").replace(/(^|\s)_+|_+(?=\s|$)/g, (part) => part.replace(/_/g, "\\_"));
  const lines = plain.split(/\n+/).map((line) => `> ${line}`).join("\n>\n");
  const gap = text.value.trim() ? "\n\n" : "";
  put(text, text.value.trimEnd().length, text.value.length, `${gap}${lines}\n\n`);
  text.scrollIntoView({ block: "nearest" });
}

const quoteButton = document.createElement("button");
let held = null;
let waiting = 0;
quoteButton.type = "button";
quoteButton.className = "quote";

function offer() {
  const box = selectedText();
  if (!box) {
    if (document.activeElement !== quoteButton) quoteButton.remove();
    return;
  }
  const edge = getSelection().getRangeAt(0).getBoundingClientRect();
  box.after(quoteButton);
  const base = (quoteButton.offsetParent || document.documentElement).getBoundingClientRect();
  quoteButton.style.top = `${edge.bottom - base.top + 6}px`;
  quoteButton.style.left = `${Math.max(0, Math.min(edge.left - base.left, base.width - quoteButton.offsetWidth))}px`;
}

if (bars.length && document.getElementById("thread")) {
  quoteButton.textContent = bars[0].querySelector("[data-mark=quote]").title;
  document.addEventListener("selectionchange", () => {
    clearTimeout(waiting);
    waiting = setTimeout(offer, 250);
  });
  offer();
  // A press ends the selection before it is a click.
  document.addEventListener("pointerdown", (event) => {
    held = event.target.closest("a.reply, .quote") && selected();
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.reply, .quote");
    const words = link && (held || selected());
    held = null;
    if (!words || (link !== quoteButton && link !== formFor(words.box))) return;
    event.preventDefault();
    event.stopPropagation();
    quoteButton.remove();
    quote(words);
  }, true);
  document.addEventListener("keydown", (event) => {
    // The help on keys is not there for members who have switched them off.
    if (event.key !== "q" || !document.getElementById("keys") || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const words = selected();
    if (!words) return;
    event.preventDefault();
    quoteButton.remove();
    quote(words);
  });
}

// The preview, below the form.

async function preview(button) {
  const { form } = button;
  const { image, body } = form.elements;
  if (image && image.value && !(await attach(form))) return;
  const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
  fields.set("preview", "1");
  button.disabled = true;
  try {
    const said = await send(form.action, fields);
    form.querySelectorAll(":scope > :is(.alert, section.preview)").forEach((part) => part.remove());
    form.insertAdjacentHTML("beforeend", said.html);
    const made = form.querySelector(":scope > section.preview");
    if (made) made.tabIndex = -1;
    (made || body).focus();
  } catch (error) {
    button.disabled = false;
    if (error.message) say(topOf(form), error.message);
    else form.requestSubmit(button);
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=preview]");
  if (!button || !act || !barOf(button.form.elements.body)) return;
  event.preventDefault();
  preview(button);
});
