// Lemmy's own client. Each line of JSON on standard input is a question, each line on standard output its answer: what
// the function named by `do` gives back as `{"value": …}`, or `{"error": "…"}`. What the client is given and what it
// gives back is compared with the types that it declares, in which no property may be missing, of another type, or
// unknown.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { Ajv } from "ajv";
import { LemmyHttp } from "lemmy-js-client";
import { createGenerator } from "ts-json-schema-generator";
import ts from "typescript";

const declarations = dirname(createRequire(import.meta.url).resolve("lemmy-js-client"));
const source = join(declarations, "http.d.ts");

// By method, the types of its form (null if it takes none) and of its answer, as schemas.
function readMethods() {
  const file = ts.createSourceFile(source, readFileSync(source, "utf8"), ts.ScriptTarget.Latest);
  const declared = file.statements.find((one) => ts.isClassDeclaration(one));
  const methods = new Map();
  for (const member of declared.members) {
    if (ts.isMethodDeclaration(member) && isPromise(member.type)) {
      const form = member.parameters.find((one) => one.name.getText(file) !== "options");
      methods.set(member.name.getText(file), {
        form: form ? schemaOf(form.type, file) : null,
        answer: schemaOf(member.type.typeArguments[0], file),
      });
    }
  }
  // Lemmy gives an object, which the client passes on, whatever it declares.
  methods.get("exportSettings").answer = { type: "object" };
  return methods;
}

function isPromise(type) {
  return type && ts.isTypeReferenceNode(type) && type.typeName.escapedText === "Promise";
}

function schemaOf(type, file) {
  if (ts.isArrayTypeNode(type)) {
    return { type: "array", items: schemaOf(type.elementType, file) };
  }
  const name = type.getText(file);
  if (name === "any") {
    return {};
  }
  return ts.isTypeReferenceNode(type) ? { $ref: `types#/definitions/${name}` } : { type: name };
}

function readSchemas() {
  const types = createGenerator({
    path: join(declarations, "{types/*,other_types}.d.ts"),
    type: "*",
    skipTypeCheck: true,
    additionalProperties: false,
  }).createSchema("*");
  return new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true }).addSchema({ ...types, $id: "types" });
}

const methods = readMethods();
const schemas = readSchemas();

function check(what, schema, value) {
  if (!schemas.validate(schema, value)) {
    const found = schemas.errors.map(
      ({ instancePath, message, params, data }) =>
        `${instancePath} ${message} ${JSON.stringify(params)}: ${JSON.stringify(data)?.slice(0, 200)}`,
    );
    throw new TypeError(`${what}:\n${found.join("\n")}`);
  }
}
// Whether Lemmy has such an error; a few have a message.
function isKnown({ name, message }) {
  const isError = schemas.getSchema("types#/definitions/LemmyErrorType");
  return isError({ error: name }) || isError({ error: name, message });
}

// The arguments of a method for this form, which is checked; a picture comes as base64.
function argumentsOf(method, form) {
  const declared = methods.get(method).form;
  if (declared === null) {
    return [];
  }
  if (method === "uploadImage") {
    return [{ image: Buffer.from(form.image, "base64") }];
  }
  check(`the form of ${method}`, declared, form);
  return [form];
}

const doable = {
  // What `method` answers to this form, as `{answer}`, or why it does not, as `{refusal, message, status}`. Throws if
  // the form, the answer or the refusal is not as declared.
  async call({ base, jwt, method, form }) {
    let status;
    const fetchFunction = async (...asked) => {
      const response = await fetch(...asked);
      status = response.status;
      return response;
    };
    const client = new LemmyHttp(base, { fetchFunction, headers: jwt ? { Authorization: `Bearer ${jwt}` } : {} });
    const given = argumentsOf(method, form);
    let answer;
    try {
      answer = await client[method](...given);
    } catch (error) {
      if (error instanceof Error || !isKnown(error)) {
        throw new Error(`${method} ${status}: ${error.name} ${error.message}`);
      }
      return { refusal: error.name, message: error.message, status };
    }
    // The client does not look at the status of an upload.
    if (method === "uploadImage" && status >= 400) {
      return { refusal: answer.error, message: answer.message, status };
    }
    check(`the answer of ${method}`, methods.get(method).answer, answer);
    return { answer };
  },

  // Throws if a value is not of the declared type with this name.
  async compare({ type, value }) {
    check(`the ${type}`, { $ref: `types#/definitions/${type}` }, value);
    return null;
  },

  // Lemmy's codes for errors.
  async errors() {
    const { anyOf } = schemas.getSchema("types").schema.definitions.LemmyErrorType;
    return anyOf.map(({ properties }) => properties.error.const);
  },

  // By method, the verb and the path of its request.
  async requests() {
    const requests = {};
    for (const [method, { form }] of methods) {
      const fetchFunction = async (url, { method: verb }) => {
        requests[method] = [verb, new URL(url).pathname];
        return Response.json({});
      };
      const client = new LemmyHttp("http://example.org", { fetchFunction });
      await client[method](...(form === null ? [] : [{ image: Buffer.alloc(0), token: "token", filename: "name" }]));
    }
    return requests;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { value: await doable[question.do](question) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
