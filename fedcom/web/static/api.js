// Draws the description of the API as forms: each call can be tried with what is typed.
"use strict";

const list = document.getElementById("calls");
const token = document.getElementById("token");
const words = list.dataset;

function make(name, text = "", properties = {}) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  return Object.assign(made, properties);
}

/** The words for a JSON Schema: "integer", "text or nothing", the name of a struct. */
function kindOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map(String).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(kindOf).filter((kind) => kind !== "null").join(" | ");
  if (schema.type === "array") return `${kindOf(schema.items)}[]`;
  return schema.type || "any";
}

function fieldsOf(operation, schemas) {
  if (operation.parameters) return operation.parameters;
  const body = operation.requestBody.content["application/json"].schema.$ref.split("/").pop();
  const { properties = {}, required = [] } = schemas[body];
  return Object.entries(properties).map(([name, schema]) => ({
    name, schema, required: required.includes(name),
  }));
}

/** What was typed, as JSON where that is meant: numbers, true and lists are, other texts are not. */
function valueOf(text, schema) {
  if (kindOf(schema).startsWith("string") || schema.enum) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function send(method, path, given) {
  const headers = {};
  if (token.value.trim()) headers.Authorization = `Bearer ${token.value.trim()}`;
  if (method === "GET") {
    const query = new URLSearchParams(given);
    return fetch(query.size ? `${path}?${query}` : path, { headers, credentials: "omit" });
  }
  headers["Content-Type"] = "application/json";
  const body = JSON.stringify(given);
  return fetch(path, { method, headers, body, credentials: "omit" });
}

async function attempt(event, method, path, fields, shown) {
  event.preventDefault();
  const given = {};
  for (const { name, schema } of fields) {
    const typed = event.target.elements[name].value;
    if (typed) given[name] = method === "GET" ? typed : valueOf(typed, schema);
  }
  shown.hidden = false;
  shown.textContent = "…";
  try {
    const answer = await send(method, path, given);
    const text = await answer.text();
    let said = text;
    try {
      said = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Not JSON: as it is.
    }
    shown.textContent = `${answer.status} ${answer.statusText}\n${said}`;
  } catch (error) {
    shown.textContent = String(error);
  }
}

function drawCall(method, path, operation, schemas) {
  const call = make("details", "", { className: "card call" });
  const title = make("summary");
  title.append(make("code", `${method} ${path}`), ` ${operation.summary}`);
  const form = make("form");
  const fields = fieldsOf(operation, schemas);
  const shown = make("pre", "", { hidden: true, tabIndex: 0 });
  shown.setAttribute("role", "status");
  for (const { name, schema, required } of fields) {
    const id = `${method}-${path}-${name}`;
    const label = make("label", name, { htmlFor: id });
    label.append(" ", make("span", kindOf(schema), { className: "soft" }));
    form.append(label, make("input", "", { id, name, required, autocapitalize: "off" }));
  }
  form.append(make("button", words.send));
  form.addEventListener("submit", (event) => attempt(event, method, path, fields, shown));
  const answer = operation.responses["200"].content["application/json"].schema;
  call.append(title, form, make("p", `${words.answer} ${kindOf(answer)}`, { className: "soft" }), shown);
  return call;
}

async function draw() {
  const description = await (await fetch(list.dataset.description)).json();
  const groups = new Map();
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [group] = operation.tags;
      if (!groups.has(group)) groups.set(group, []);
      const call = drawCall(method.toUpperCase(), path, operation, description.components.schemas);
      groups.get(group).push(call);
    }
  }
  list.replaceChildren();
  for (const [group, calls] of groups) list.append(make("h2", group), ...calls);
}

draw().catch(() => {
  list.textContent = words.failed;
});
