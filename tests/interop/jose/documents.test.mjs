// JSON documents with one signature or recipient and with several, both ways with jwcrypto: each signer's key verifies
// them, each recipient's key reads them, and none does after a letter was turned.
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Peer } from "./peer.mjs";

const DOCUMENTS = 100;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const we = process.env.JOSE_PEER ?? here("../../../target/debug/examples/interop");
const SIGNERS = ["ES256", "EdDSA", "PS256", "ES512"];
const RECIPIENTS = [["ECDH-ES+A256KW", "P-256"], ["A128KW"], ["RSA-OAEP-256"], ["ECDH-ES+A128KW", "X25519"], ["A256GCMKW"]];

const payloads = () => Array.from({ length: DOCUMENTS }, () => JSON.stringify({ [randomBytes(3).toString("hex")]: String.fromCodePoint(randomInt(0x20, 0xd7ff)) }));
const sizes = { A128KW: 16, A256GCMKW: 32 };

/** A key for the side that makes documents, and one for the side that reads them. */
async function pair(maker, alg, crv) {
  const jwk = { kty: "oct", k: randomBytes(sizes[alg] ?? 0).toString("base64url"), alg };
  return alg in sizes ? { private: jwk, public: jwk } : maker.ask("generate", { alg, crv });
}

/** Another letter in what was signed or encrypted. */
function turned(document) {
  const json = JSON.parse(document);
  const member = json.ciphertext ? "ciphertext" : "payload";
  const at = randomInt(json[member].length - 1);
  json[member] = json[member].slice(0, at) + (json[member][at] === "A" ? "B" : "A") + json[member].slice(at + 1);
  return JSON.stringify(json);
}

async function oneWay(maker, reader, [make, read], keys, readers) {
  const sent = payloads();
  const { tokens, refused: unmade } = await maker.ask(make, { keys, payloads: sent });
  assert.equal(unmade, null, `${maker.name} cannot ${make}`);
  assert.ok(tokens.every((each) => each.startsWith("{") && (keys.length > 1) === /"(signatures|recipients)"/.test(each)));
  for (const key of readers) {
    const { payloads: got, refused } = await reader.ask(read, { ...key, tokens });
    assert.deepEqual(got, sent, `${reader.name} reads otherwise: ${refused}`);
    const { payloads: none } = await reader.ask(read, { ...key, tokens: tokens.map(turned) });
    assert.ok(none.every((each) => each === null), `${reader.name} accepted a document that was changed`);
  }
}

describe("JSON documents exchanged with jwcrypto", () => {
  const ours = new Peer("countersign", we, []);
  const theirs = new Peer("jwcrypto", process.env.PYTHON ?? "python3", [here("./jwcrypto_peer.py")]);
  after(() => [ours, theirs].forEach((each) => each.stop()));
  const ways = [[ours, theirs], [theirs, ours]];

  for (const count of [1, SIGNERS.length]) {
    test(`signed by ${count}`, async () => {
      const algorithms = SIGNERS.slice(0, count);
      const pairs = await Promise.all(algorithms.map((alg) => pair(theirs, alg)));
      const [keys, readers] = ["private", "public"].map((half) => pairs.map((each, i) => ({ alg: algorithms[i], jwk: each[half] })));
      for (const [maker, reader] of ways) await oneWay(maker, reader, ["sign_json", "verify_json"], keys, readers);
    });
  }

  for (const count of [1, RECIPIENTS.length]) {
    test(`encrypted for ${count}`, async () => {
      const chosen = RECIPIENTS.slice(0, count);
      const pairs = await Promise.all(chosen.map(([alg, crv]) => pair(theirs, alg, crv)));
      const [keys, readers] = ["public", "private"].map((half) => pairs.map((each, i) => ({ alg: chosen[i][0], enc: "A256GCM", jwk: each[half] })));
      for (const [maker, reader] of ways) await oneWay(maker, reader, ["encrypt_json", "decrypt_json"], keys, readers);
    });
  }
});
