// A server made with Fedify, for stories about how it and Fedcom understand each other. Each line of JSON on standard
// input is a question, each line on standard output its answer: what the function named by `do` gives back as
// `{"value": …}`, or `{"error": "…"}`. Everything said is built from Fedify's own classes and everything heard is
// read with them, as a program that uses Fedify would; `described` are the values that such a program gets.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createFederation, detachSignature, MemoryKvStore, verifyObject } from "@fedify/fedify";
import * as vocab from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";

const actors = new Map();
const objects = new Map();
const delivered = new Map();
const heard = [];
const refused = [];
let context;

// Fedify's own keys for RSA have 4096 bits, which takes seconds to make.
const rsa = { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };

async function keyPairs() {
  const usages = ["sign", "verify"];
  return [await crypto.subtle.generateKey(rsa, true, usages), await crypto.subtle.generateKey("Ed25519", true, usages)];
}

function makeFederation(software) {
  const federation = createFederation({ kv: new MemoryKvStore(), allowPrivateAddress: true });
  federation
    .setActorDispatcher("/users/{identifier}", async (ctx, name) => {
      const someone = actors.get(name);
      if (someone === undefined) {
        return null;
      }
      const pairs = await ctx.getActorKeyPairs(name);
      return new vocab[someone.type]({
        id: ctx.getActorUri(name),
        preferredUsername: name,
        name,
        inbox: ctx.getInboxUri(name),
        outbox: ctx.getOutboxUri(name),
        followers: ctx.getFollowersUri(name),
        endpoints: new vocab.Endpoints({ sharedInbox: ctx.getInboxUri() }),
        publicKey: pairs[0].cryptographicKey,
        assertionMethods: pairs.map((pair) => pair.multikey),
      });
    })
    .setKeyPairsDispatcher((_ctx, name) => actors.get(name)?.keys ?? []);
  federation.setNodeInfoDispatcher("/nodeinfo/2.1", () => ({
    software: { name: software, version: "1.0.0" },
    protocols: ["activitypub"],
    usage: { users: {}, localPosts: 0, localComments: 0 },
  }));
  federation.setOutboxDispatcher("/users/{identifier}/outbox", () => ({ items: [] }));
  federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({ items: [] }));
  // One path for each class that somebody may fetch.
  for (const cls of [vocab.Note, vocab.Activity]) {
    federation.setObjectDispatcher(cls, `/${cls.name.toLowerCase()}/{number}`, (ctx) => objects.get(ctx.url.href) ?? null);
  }
  federation
    .setInboxListeners("/users/{identifier}/inbox", "/inbox")
    .on(vocab.Activity, async (_ctx, activity) => {
      heard.push({ activity: await described(activity), proven: await proven(delivered.get(activity.id.href)) });
    })
    .onError((_ctx, error) => {
      refused.push(String(error));
    });
  return federation;
}

// Objects of which a reader needs more than the id: what is made, changed, passed on, taken back or answered.
const opened = [vocab.Create, vocab.Update, vocab.Announce, vocab.Undo, vocab.Accept, vocab.Reject];

async function described(thing) {
  const value = { type: thing.constructor.name, id: thing.id?.href };
  if (!(thing instanceof vocab.Activity)) {
    return {
      ...value,
      name: thing.name?.toString(),
      content: thing.content?.toString(),
      author: thing.attributionId?.href,
      replyTo: thing.replyTargetId?.href,
    };
  }
  value.actor = thing.actorId?.href;
  if (opened.some((cls) => thing instanceof cls)) {
    const inner = await thing.getObject(context);
    value.object = inner === null ? thing.objectId?.href : await described(inner);
  } else {
    value.object = thing.objectIds.map((id) => id.href).join(" ");
  }
  return value;
}

// Whether the proof of what is announced is good; null without one. Fedify makes it before its Linked Data signature.
async function proven({ type, object }) {
  if (type !== "Announce" || object?.proof === undefined) {
    return null;
  }
  return (await verifyObject(vocab.Activity, detachSignature(object), context)) !== null;
}

// An object of Fedify from a description: `{type: "Create", object: {type: "Note", …}, …}`.
function built({ type, ...values }) {
  return new vocab[type](Object.fromEntries(Object.entries(values).map(([name, value]) => [name, parsed(name, value)])));
}

function parsed(name, value) {
  if (Array.isArray(value)) {
    return value.map((one) => parsed(name, one));
  }
  if (typeof value === "object") {
    return built(value);
  }
  if (name === "published" || name === "updated") {
    return Temporal.Instant.from(value);
  }
  return typeof value === "string" && /^https?:/.test(value) ? new URL(value) : value;
}

function fetched(federation, request) {
  return federation.fetch(request, { contextData: undefined });
}

async function taken(federation, request, stream) {
  const body = Buffer.concat(await Array.fromAsync(stream)).toString();
  const activity = JSON.parse(body);
  delivered.set(activity.id, activity);
  const answer = await fetched(federation, new Request(request, { method: "POST", body }));
  if (!answer.ok) {
    refused.push(`${answer.status}: ${body}`);
  }
  return answer;
}

async function answered(federation, origin, request, response) {
  const asked = new Request(new URL(request.url, origin), { method: request.method, headers: request.headers });
  const answer = await (request.method === "POST" ? taken(federation, asked, request) : fetched(federation, asked));
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
}

const doable = {
  // Serve on `address` as this software, with `actors`: their types by name. The origin.
  async serve({ address, software, actors: types }) {
    for (const [name, type] of Object.entries(types)) {
      actors.set(name, { type, keys: await keyPairs() });
    }
    const federation = makeFederation(software);
    const server = createServer((request, response) => answered(federation, context.origin, request, response));
    await new Promise((resolve) => server.listen(0, address, resolve));
    const origin = `http://${address}:${server.address().port}`;
    context = federation.createContext(new URL(origin), undefined);
    return origin;
  },

  // What Fedify makes of the object at an id.
  async look({ up }) {
    const found = await context.lookupObject(up, context);
    return found && described(found);
  },

  // What it makes of the items of the collection at an id.
  async walk({ collection }) {
    const found = await context.lookupObject(collection, context);
    return Promise.all(await Array.fromAsync(context.traverseCollection(found, context), described));
  },

  // Serve an object at its id.
  put({ object }) {
    objects.set(object.id, built(object));
  },

  // Have the actor `by` say it to the actors `to`. Throws when a server does not take it.
  async send({ by, to, activity }) {
    const said = built(activity);
    objects.set(said.id.href, said);
    const recipients = await Promise.all(to.map((id) => context.lookupObject(id, context)));
    await context.sendActivity({ identifier: by }, recipients, said, { preferSharedInbox: true, immediate: true });
  },

  // The activities that came in.
  heard() {
    return heard;
  },

  // What was delivered and not taken.
  refused() {
    return refused;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await doable[question.do](question)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
