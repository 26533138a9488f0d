// Makes passkeys, and logs in with them. Without it, the pages offer neither.
"use strict";

const supported = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;

/** The options that one of our addresses makes; throws an Error with the server's message. */
async function begin(address, fields) {
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

/** Send the form with a credential to another address than its own. */
function submit(form, credential, address) {
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.action = address;
  form.submit();
}

/** Show what went wrong; nothing if the reader closed the dialog of their device. */
function say(form, error) {
  const isClosed = error.name === "NotAllowedError" || error.name === "AbortError";
  const text = isClosed ? "" : error.name === "InvalidStateError" ? form.dataset.known : error.message;
  form.querySelector("[role=alert]").textContent = text || (isClosed ? "" : form.dataset.failed);
}

const adding = document.getElementById("add-passkey");
if (adding && supported) {
  adding.hidden = false;
  document.getElementById("no-passkeys").hidden = true;
  adding.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const fields = new FormData(adding);
      const json = await begin("/settings/passkeys/begin", fields);
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
      const made = await navigator.credentials.create({ publicKey });
      adding.elements.current_password.value = "";
      submit(adding, made, "/settings/passkeys/add");
    } catch (error) {
      say(adding, error);
    }
  });
}

const entering = document.getElementById("log-in");
if (entering && supported) {
  let waiting = null;

  const enter = async (mediation) => {
    if (waiting) waiting.abort();
    const mine = (waiting = new AbortController());
    try {
      const json = await begin("/login/passkey/begin", {});
      if (mine.signal.aborted) return;
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
      const options = { publicKey, signal: mine.signal };
      if (mediation) options.mediation = mediation;
      submit(entering, await navigator.credentials.get(options), "/login/passkey");
    } catch (error) {
      if (!mediation) say(entering, error);
    }
  };

  const button = document.getElementById("with-passkey");
  button.hidden = false;
  button.addEventListener("click", () => enter());
  // Browsers offer passkeys in the field of the name, beside passwords.
  PublicKeyCredential.isConditionalMediationAvailable?.().then((can) => can && enter("conditional"));
}
