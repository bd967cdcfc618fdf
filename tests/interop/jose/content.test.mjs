// Payloads that travel apart from what signs them, and payloads that are signed as they are, both ways with other people's
// libraries: each shape that both have, every kind of key; and none is accepted with another payload or signature.
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Peer } from "./peer.mjs";

const TOKENS = 25;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const python = (file) => [process.env.PYTHON ?? "python3", [here(file)]];
const we = process.env.JOSE_PEER ?? here("../../../target/debug/examples/interop");

const SHAPES = {
  "compact, detached": { json: false, detached: true, unencoded: false },
  "compact, detached, unencoded": { json: false, detached: true, unencoded: true },
  "compact, unencoded": { json: false, detached: false, unencoded: true },
  "JSON, detached": { json: true, detached: true, unencoded: false },
  "JSON, detached, unencoded": { json: true, detached: true, unencoded: true },
  "JSON, unencoded": { json: true, detached: false, unencoded: true },
};
const ALL = Object.keys(SHAPES);
const PEERS = {
  "npm jose": [process.execPath, [here("./npm_jose.mjs")], ALL],
  PyJWT: [...python("./pyjwt_peer.py"), ["compact, detached, unencoded"]],
  joserfc: [...python("./joserfc_peer.py"), ALL],
  // It writes the third, and cannot read what it has written.
  jwcrypto: [...python("./jwcrypto_peer.py"), ALL.filter((shape) => shape !== "compact, unencoded")],
};
const ALGORITHMS = ["HS256", "PS256", "ES256", "EdDSA"];

const drawn = (letters, least) => Array.from({ length: randomInt(least, randomInt(8) === 0 ? 2000 : 30) }, () => letters[randomInt(letters.length)]).join("");
// All that could be escaped, encoded or cut; of assigned characters, which npm jose insists on.
const ANY = [..."abc.~-_=+/\\\"{}[]:,\n\r\t\0\u007f éßλЖ中字😀\u2028\ufeff"];
// What all take between two dots (RFC 7797 5.2); joserfc writes no other.
const SAFE = [..."abcXYZ019-_~"];

/** jwcrypto takes content of no bytes for no content. */
const payloads = ({ json, detached }, peer) => Array.from({ length: TOKENS }, () =>
  json || detached ? drawn(ANY, peer.name === "jwcrypto" ? 1 : 0) : drawn(SAFE, 1));

/** Another letter in the signature. */
function turned(token) {
  const at = (token.startsWith("{") ? token.indexOf('"', token.indexOf('"signature"') + '"signature"'.length) : token.lastIndexOf(".")) + 1;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}

/** The token over another payload, where that is inside. */
function refilled(token, { json }) {
  if (json) return JSON.stringify({ ...JSON.parse(token), payload: `${JSON.parse(token).payload}x` });
  const [header, payload, signature] = token.split(".");
  return `${header}.${payload}x.${signature}`;
}

/** Where the payload is, and what the header says of it. */
function shapeOf(token) {
  const json = token.startsWith("{");
  const [header, payload] = json ? [JSON.parse(token).protected, JSON.parse(token).payload] : token.split(".");
  const { b64, crit } = JSON.parse(Buffer.from(header, "base64url"));
  assert.deepEqual(crit, b64 === undefined ? undefined : ["b64"]);
  return { json, detached: json ? payload === undefined : payload === "", unencoded: b64 === false };
}

async function oneWay(maker, reader, peer, facts, keys, shape) {
  const sent = payloads(shape, peer);
  const { tokens, refused: unmade } = await maker.ask("sign_content", { ...facts, shape, jwk: keys.private, payloads: sent });
  assert.equal(unmade, null, `${maker.name} cannot sign`);
  tokens.forEach((token) => assert.deepEqual(shapeOf(token), shape, `${maker.name} signs in another shape`));
  const read = (tokens, payloads) => reader.ask("verify_content", { ...facts, shape, jwk: keys.public, tokens, payloads });
  const { payloads: got, refused } = await read(tokens, sent);
  assert.deepEqual(got, sent, `${reader.name} reads otherwise: ${refused}`);
  const more = sent.map((payload) => `${payload}x`);
  const others = shape.detached ? read(tokens, more) : read(tokens.map((each) => refilled(each, shape)), sent);
  for (const { payloads: none } of [await others, await read(tokens.map(turned), sent)]) {
    assert.ok(none.length === TOKENS && none.every((each) => each === null), `${reader.name} accepted what was changed`);
  }
}

describe("payloads apart and as they are, exchanged with other libraries", { concurrency: 2 }, () => {
  for (const [name, [program, words, shapes]] of Object.entries(PEERS)) {
    describe(name, () => {
      const [ours, peer] = [new Peer("countersign", we, []), new Peer(name, program, words)];
      after(() => [ours, peer].forEach((each) => each.stop()));
      for (const shape of shapes) {
        test(shape, async (t) => {
          for (const alg of ALGORITHMS) {
            await t.test(alg, async () => {
              const secret = { kty: "oct", k: randomBytes(32).toString("base64url"), alg };
              const keys = alg === "HS256" ? { private: secret, public: secret } : await ours.ask("generate", { alg });
              await oneWay(ours, peer, peer, { alg }, keys, SHAPES[shape]);
              await oneWay(peer, ours, peer, { alg }, keys, SHAPES[shape]);
            });
          }
        });
      }
    });
  }
});
