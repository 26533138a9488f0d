// What a JSON-LD processor reads in documents. Each line of JSON on standard input is a question with `documents`
// and the `contexts` of others by their address; each line on standard output is its answer: for each document its
// expanded form, or in place of it the `error` for which a processor refuses it. Nothing is fetched.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import * as dataIntegrity from "@digitalbazaar/data-integrity-context";
import * as security from "@digitalbazaar/security-context";
import jsonld from "jsonld";

const builtIn = new Map([...dataIntegrity.contexts, ...security.contexts]);
builtIn.set("https://www.w3.org/ns/activitystreams", createRequire(import.meta.url)("activitystreams-context"));

function loader(contexts) {
  return async (url) => {
    const document = contexts[url] ?? builtIn.get(url);
    if (document === undefined) {
      throw new Error(`no context is known at ${url}`);
    }
    return { contextUrl: null, documentUrl: url, document };
  };
}

const doable = {
  // With `safe`, a document of which anything would be lost is refused as well.
  async expand({ documents, contexts, safe }) {
    const documentLoader = loader(contexts);
    const read = async (document) => {
      try {
        return { expanded: await jsonld.expand(document, { documentLoader, safe }) };
      } catch (error) {
        return { error: `${error.message} ${JSON.stringify(error.details)}` };
      }
    };
    return Promise.all(documents.map(read));
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
