// Signatures as others make and check them: Misskey's library for draft-cavage, Digital Bazaar's for proofs.
// Each line of JSON on standard input is a question, each line on standard output its answer: what the function
// named by `do` gives back as `{"value": …}`, or `{"error": "…"}`. Bodies are base64, keys PEM or Multikey.

import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import { createSignCryptosuite, createVerifyCryptosuite } from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import {
  genRFC3230DigestHeader,
  parseRequestSignature,
  signAsDraftToRequest,
  verifyDigestHeader,
  verifyDraftSignature,
} from "@misskey-dev/node-http-message-signatures";
import * as base58 from "base58-universal";

// Terms that a context defines in place are an object, and Digital Bazaar's library compares the entries of
// the proof's context with the document's by ===. So those that are equal become the same.
function shareTerms(document, proof) {
  const terms = [document["@context"]].flat();
  if (Array.isArray(proof["@context"])) {
    proof["@context"] = proof["@context"].map(
      (entry) => terms.find((term) => isDeepStrictEqual(term, entry)) ?? entry,
    );
  }
}

const doable = {
  // The headers of `request` with a Signature over `covered`, and with a Digest when there is a body.
  async signRequest({ request, body, keyId, privateKeyPem, covered }) {
    if (body !== null) {
      request.headers.Digest = await genRFC3230DigestHeader(Buffer.from(body, "base64"), "SHA-256");
    }
    await signAsDraftToRequest(request, { keyId, privateKeyPem }, covered);
    return request.headers;
  },

  // Whether `request` is signed over at least `covered`, at about `now`, and its Digest is that of a body.
  async verifyRequest({ request, body, publicKeyPem, covered, now }) {
    if (body !== null && !(await verifyDigestHeader(request, Buffer.from(body, "base64"), true))) {
      return false;
    }
    const parsed = parseRequestSignature(request, {
      requiredComponents: { draft: covered },
      clockSkew: { now: new Date(now) },
    });
    return verifyDraftSignature(parsed.value, publicKeyPem);
  },

  // The `document` with a proof that begins as `proof`, by `key`.
  async prove({ document, proof, key }) {
    const signer = (await Ed25519Multikey.from(key)).signer();
    const cryptosuite = createSignCryptosuite();
    const data = await cryptosuite.createVerifyData({ cryptosuite, document, proof });
    proof.proofValue = `z${base58.encode(await signer.sign({ data }))}`;
    return { ...document, proof };
  },

  // Whether the proof in a document is that of `key`.
  async verifyProof({ document: { proof, ...document }, key }) {
    shareTerms(document, proof);
    const cryptosuite = createVerifyCryptosuite();
    const verifier = await cryptosuite.createVerifier({ verificationMethod: key });
    const data = await cryptosuite.createVerifyData({ cryptosuite, document, proof });
    return verifier.verify({ data, signature: base58.decode(proof.proofValue.slice(1)) });
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
