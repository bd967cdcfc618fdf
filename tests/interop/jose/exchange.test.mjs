// Tokens and keys exchanged both ways with other people's libraries: every algorithm both sides have, a hundred random
// tokens each way, no mismatch; and a token with one character turned is refused by both.
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { after, describe, test } from "node:test";
import { Peer } from "./peer.mjs";

const TOKENS = 100;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const python = (file) => [process.env.PYTHON ?? "python3", [here(file)]];
const we = process.env.JOSE_PEER ?? here("../../../target/debug/examples/interop");
const libraries = {
  "npm jose": [process.execPath, here("./npm_jose.mjs")],
  PyJWT: python("./pyjwt_peer.py"),
  joserfc: python("./joserfc_peer.py"),
  jwcrypto: python("./jwcrypto_peer.py"),
  josekit: [process.env.JOSEKIT_PEER ?? here("../../../target/josekit/debug/countersign-josekit-peer")],
};

/** Bytes of a secret for each algorithm that shares one; a password for those that stretch it. */
const SECRET = { HS256: 32, HS384: 48, HS512: 64, A128KW: 16, A192KW: 24, A256KW: 32, A128GCMKW: 16, A192GCMKW: 24,
  A256GCMKW: 32, A128GCM: 16, A192GCM: 24, A256GCM: 32, "A128CBC-HS256": 32, "A192CBC-HS384": 48, "A256CBC-HS512": 64 };

/** Claims that nobody has seen before: text of every alphabet, numbers, lists, objects; some empty, some long. */
function payload() {
  const letters = () => String.fromCodePoint(...Array.from({ length: randomInt(0, 20) }, () => randomInt(0x20, 0xd7ff)));
  const claims = { sub: letters(), exp: randomInt(2 ** 40), list: [letters(), null, randomInt(2) === 0], deep: { [letters()]: {} } };
  return randomInt(10) === 0 ? "" : JSON.stringify({ ...claims, pad: "x".repeat(randomInt(10) === 0 ? 3000 : randomInt(40)) });
}

/** jwcrypto takes decrypted content of no bytes for no content. */
const payloads = (count, peer) => Array.from({ length: count }, payload).map((each) => peer.name === "jwcrypto" ? each || "{}" : each);

/** A key pair of a peer. RSA's are made once for signatures and once for encryption: making one takes longer than using it. */
async function pair(maker, alg, crv) {
  const kind = alg.startsWith("RSA") ? "RSA-OAEP" : /^[RP]S/.test(alg) ? "RS256" : undefined;
  if (!kind) return maker.ask("generate", { alg, crv });
  maker.made ??= {};
  const made = await (maker.made[kind] ??= maker.ask("generate", { alg: kind }));
  return { private: { ...made.private, alg }, public: { ...made.public, alg } };
}

/** Another letter somewhere in the signature, or in what was encrypted and its tag. */
function turned(token) {
  const from = token.length - token.split(".").at(-1).length;
  const at = randomInt(from, token.length - 2);
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}

/** One side makes tokens, the other reads them. */
async function oneWay(maker, reader, [make, read], facts, keys, count) {
  const sent = payloads(count, reader);
  const { tokens, refused: unmade } = await maker.ask(make, { ...facts, jwk: keys.make, payloads: sent });
  assert.equal(unmade, null, `${maker.name} cannot ${make}`);
  const { payloads: got, refused } = await reader.ask(read, { ...facts, jwk: keys.read, tokens });
  assert.deepEqual(got, sent, `${reader.name} reads otherwise: ${refused}`);
  const bent = tokens.map(turned);
  const { payloads: none } = await reader.ask(read, { ...facts, jwk: keys.read, tokens: bent.slice(0, 10) });
  assert.ok(none.every((each) => each === null), `${reader.name} accepted a token that was changed`);
}

async function signatures(ours, peer, alg) {
  const way = ["sign", "verify"];
  if (alg in SECRET) {
    const jwk = { kty: "oct", k: randomBytes(SECRET[alg]).toString("base64url"), alg };
    await oneWay(ours, peer, way, { alg }, { make: jwk, read: jwk }, TOKENS);
    await oneWay(peer, ours, way, { alg }, { make: jwk, read: jwk }, TOKENS);
    return;
  }
  // Half the tokens with a key that we wrote, half with one that they wrote: both are read by both.
  for (const maker of [ours, peer]) {
    const made = await pair(maker, alg);
    const keys = { make: made.private, read: made.public };
    await oneWay(ours, peer, way, { alg }, keys, TOKENS / 2);
    await oneWay(peer, ours, way, { alg }, keys, TOKENS / 2);
  }
}

/** Every curve and content encryption in turn, so that an algorithm has its hundred over all of them. */
async function encryption(ours, peer, alg, curves, contents) {
  for (const crv of alg.startsWith("ECDH") ? curves : [undefined]) {
    const made = alg.startsWith("RSA") || crv ? await pair(peer, alg, crv) : undefined;
    const share = Math.ceil(TOKENS / contents.length / (crv ? curves.length : 1));
    for (const enc of contents) await mixed(ours, peer, alg, enc, made, share);
  }
}

async function mixed(ours, peer, alg, enc, pair, count) {

  const size = alg === "dir" ? SECRET[enc] : SECRET[alg];
  const secret = size ? randomBytes(size) : Buffer.from(randomBytes(12).toString("hex"));
  const jwk = { kty: "oct", k: secret.toString("base64url"), ...(alg === "dir" ? {} : { alg }) };
  const keys = { make: pair?.public ?? jwk, read: pair?.private ?? jwk };
  await oneWay(ours, peer, ["encrypt", "decrypt"], { alg, enc }, keys, count);
  await oneWay(peer, ours, ["encrypt", "decrypt"], { alg, enc }, keys, count);
}

const both = (one = [], two = []) => one.filter((name) => two.includes(name));

/** What a library is asked, on both sides. */
function exchange(name, [program, ...words]) {
  const ours = new Peer("countersign", we, []);
  const peer = new Peer(name, program, words);
  after(() => [ours, peer].forEach((each) => each.stop()));

  test("signatures", async (t) => {
    const [mine, theirs] = [await ours.ask("supports"), await peer.ask("supports")];
    const algorithms = both(mine.sign, theirs.sign);
    assert.ok(algorithms.length >= 13, `only ${algorithms}`);
    for (const alg of algorithms) await t.test(alg, () => signatures(ours, peer, alg));
  });

  if (name === "PyJWT") return; // it has no encryption
  test("encryption", async (t) => {
    const [mine, theirs] = [await ours.ask("supports"), await peer.ask("supports")];
    const [algorithms, contents, curves] = ["key", "content", "curves"].map((list) => both(mine[list], theirs[list]));
    assert.ok(algorithms.length >= 16 && contents.length === 6 && curves.length === 4, `only ${algorithms} and ${contents}`);
    for (const alg of algorithms) await t.test(alg, () => encryption(ours, peer, alg, curves, contents));
  });
}

// Two at a time: each is two programs of which one waits for the other.
describe("tokens and keys exchanged with other libraries", { concurrency: 2 }, () => {
  for (const [name, command] of Object.entries(libraries)) describe(name, () => exchange(name, command));
});
