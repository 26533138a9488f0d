// The library inside Voyager. Each line of JSON on standard input is a question, each line on standard output its
// answer: what the function named by `do` gives back as `{"value": …}`, or `{"error": "…"}`. The library finds out
// what software an instance runs, and checks every answer with schemas of its own.

import { createInterface } from "node:readline";
import { ResponseError, ThreadiverseClient } from "threadiverse";

// As Voyager names itself outside browsers.
const AGENT = "VoyagerApp/1.0";

function open(base, jwt) {
  const headers = { "User-Agent": AGENT, ...(jwt ? { Authorization: `Bearer ${jwt}` } : {}) };
  return new ThreadiverseClient(base, { headers, discoveryCache: new Map() });
}

const doable = {
  // The software and the mode in which the library talks to it.
  async connect({ base }) {
    return open(base).connect();
  },

  // The methods that the library has for every kind of instance.
  async methods() {
    const own = new Set(["constructor", "connect", "ensureClient", "mode", "software"]);
    return Object.getOwnPropertyNames(ThreadiverseClient.prototype).filter((name) => !own.has(name));
  },

  // What `method` answers to this payload, as `{answer}`, or why it does not, as `{refusal, status}`. Throws if the
  // answer is not as the library expects.
  async call({ base, jwt, method, payload }) {
    const client = open(base, jwt);
    const given = method === "uploadImage" ? { image: Buffer.from(payload.image, "base64") } : payload;
    try {
      return { answer: (await client[method](...(given === null ? [] : [given]))) ?? null };
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
