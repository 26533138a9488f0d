// Subscribes this browser to push messages, on the settings of notifications.
"use strict";

const form = document.getElementById("push");
const note = document.getElementById("push-note");

if (form && "PushManager" in window && "serviceWorker" in navigator) {
  const say = (name) => {
    note.textContent = form.dataset[name];
    note.hidden = !note.textContent;
  };
  form.hidden = false;
  say("none");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    subscribe().catch((error) => say(error.name === "NotAllowedError" ? "denied" : "failed"));
  });
}

async function subscribe() {
  await navigator.serviceWorker.register("/service-worker.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.key) };
  let subscription;
  try {
    subscription = await pushManager.subscribe(options);
  } catch (error) {
    // It may have subscribed with the key of another server at this address.
    if (error.name !== "InvalidStateError") throw error;
    await (await pushManager.getSubscription())?.unsubscribe();
    subscription = await pushManager.subscribe(options);
  }
  const { endpoint, keys } = subscription.toJSON();
  for (const [name, value] of Object.entries({ endpoint, ...keys })) form.elements[name].value = value;
  form.submit();
}

function bytes(text) {
  const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}
