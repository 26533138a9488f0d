// The library inside Voyager. Each line of JSON on standard input is a question, each line on standard output its
// answer: what the function named by `do` gives back as `{"value": …}`, or `{"error": "…"}`. The library finds out
// what software an instance runs, and checks every answer with schemas of its own.

import { createInterface } from "node:readline";
import { ResponseError, ThreadiverseClient } from "threadiverse";

// As Voyager names itself outside browsers.
const AGENT = "VoyagerApp/1.0";

function open(base, jwt) {
  const headers = { "User-Agent": AGENT, ...(jwt ? { Authorization: `Bearer ${jwt}` } : {}) };
  const requests = [];
  const fetchFunction = (url, options) => {
    const { pathname, search } = new URL(url);
    requests.push(`${options?.method ?? "GET"} ${pathname}${search}`);
    return fetch(url, options);
  };
  return { client: new ThreadiverseClient(base, { headers, fetchFunction, discoveryCache: new Map() }), requests };
}

const doable = {
  // The software and the mode in which the library talks to it.
  async connect({ base }) {
    return open(base).client.connect();
  },

  // What `method` answers to this payload, as `{answer}`, or why it does not, as `{refusal, status}`. Throws if the
  // answer is not as the library expects.
  async call({ base, jwt, method, payload }) {
    const { client, requests } = open(base, jwt);
    try {
      return { answer: (await client[method](...(payload === null ? [] : [payload]))) ?? null, requests };
    } catch (error) {
      if (error instanceof ResponseError) {
        return { refusal: error.code, status: error.status };
      }
      throw error;
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { value: await doable[question.do](question) };
  } catch (error) {
    answer = { error: `${error} ${error.cause ?? ""}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
