// Makes voting, replying and folding immediate. The pages work without it: every button here is
// also part of a plain form, which is submitted if anything goes wrong.
"use strict";

const act = document.getElementById("act");

/** POST fields to one of our addresses; returns its JSON, or throws an Error with the server's message. */
async function send(address, fields) {
  const answer = await fetch(address, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "application/json" },
    redirect: "manual",
  });
  const isJson = (answer.headers.get("content-type") || "").includes("json");
  const said = isJson ? await answer.json() : {};
  if (!answer.ok) throw new Error(said.detail || "");
  return said;
}

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
    const said = await send(button.getAttribute("formaction"), {
      form_token: act.elements.form_token.value,
      score: wanted,
    });
    showVote(box, said.vote, said.score);
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
  for (const alert of form.querySelectorAll(".alert, .error, .preview")) alert.remove();
  form.elements.parent.value = place.id.replace("comment-", "");
  const text = form.elements.body;
  const label = form.querySelector(`label[for="${text.id}"]`);
  text.id = `answer-${place.id}`;
  text.value = "";
  text.setAttribute("aria-label", `${link.textContent}: ${link.dataset.to}`);
  text.removeAttribute("aria-describedby");
  if (label) label.remove();
  const cancel = document.createElement("button");
  cancel.type = "button";
  cancel.className = "cancel";
  cancel.textContent = first.dataset.cancel;
  form.querySelector(".actions").append(cancel);
  link.closest(".tools").after(form);
  text.focus();
  return true;
}

function closeReply(form) {
  const link = form.closest("li").querySelector(":scope > details > .tools a.reply");
  form.remove();
  if (link) link.focus();
}

/** Show the new comment at its final position. */
function insert(form, said) {
  const place = form.closest("li");
  const box = place ? place.querySelector(":scope > details") : document.getElementById("thread");
  let list = box.querySelector(":scope > ol.thread");
  if (!list) {
    list = document.createElement("ol");
    list.className = "thread";
    if (!place) box.replaceChildren();
    box.append(list);
  }
  list.insertAdjacentHTML("afterbegin", said.html);
  const made = document.getElementById(`comment-${said.id}`);
  made.tabIndex = -1;
  made.focus();
}

function complain(form, sentence) {
  let alert = form.querySelector(".alert");
  if (!alert) {
    alert = document.createElement("p");
    alert.className = "alert";
    alert.setAttribute("role", "alert");
    form.prepend(alert);
  }
  alert.textContent = sentence;
}

async function answer(form) {
  const button = form.querySelector("button.main");
  button.disabled = true;
  try {
    const said = await send(form.action, new FormData(form));
    insert(form, said);
    if (form.closest("li")) form.remove();
    else form.reset();
  } catch (error) {
    if (error.message) complain(form, error.message);
    else form.submit();
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const button = event.target.closest("button.vote");
  if (button && act) {
    event.preventDefault();
    vote(button);
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
