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

/** What each of them and we have in common. It is written down, or an algorithm could vanish from a list unnoticed. */
const PLAIN = ["HS", "RS", "PS", "ES"].flatMap((family) => ["256", "384", "512"].map((size) => family + size));
const ML_DSA = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
const nodeHasMlDsa = Number(process.versions.node.split(".")[0]) >= 24;
const SIGNATURES = {
  "npm jose": [...PLAIN, "EdDSA", "Ed25519", ...(nodeHasMlDsa ? ML_DSA : [])],
  PyJWT: [...PLAIN, "ES256K", "EdDSA"],
  joserfc: [...PLAIN, "ES256K", "EdDSA", "Ed25519"],
  jwcrypto: [...PLAIN, "ES256K", "EdDSA", "Ed25519", ...ML_DSA],
  josekit: [...PLAIN, "ES256K", "EdDSA"],
};
const WRAPPED = ["A128KW", "A192KW", "A256KW"];
const KEYS = ["dir", ...WRAPPED, "A128GCMKW", "A192GCMKW", "A256GCMKW", "ECDH-ES", ...WRAPPED.map((each) => `ECDH-ES+${each}`),
  "RSA-OAEP", "RSA-OAEP-256", "PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"];
const LARGE = [...KEYS, "RSA-OAEP-384", "RSA-OAEP-512"];
const ENCRYPTION = { "npm jose": LARGE, joserfc: KEYS, jwcrypto: KEYS, josekit: LARGE };
const CONTENTS = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];
const CURVES = ["P-256", "P-384", "P-521", "X25519"];

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
    // A secret has no maker. Of key pairs, half are ours and half are theirs: both are read by both.
    const makers = alg.startsWith("RSA") || crv ? [ours, peer] : [undefined];
    const share = Math.ceil(TOKENS / contents.length / (crv ? curves.length : 1) / makers.length);
    for (const maker of makers) {
      const made = maker && await pair(maker, alg, crv);
      for (const enc of contents) await mixed(ours, peer, alg, enc, made, share);
    }
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
    assert.deepEqual(algorithms.toSorted(), SIGNATURES[name].toSorted());
    for (const alg of algorithms) await t.test(alg, () => signatures(ours, peer, alg));
  });

  if (name === "PyJWT") return; // it has no encryption
  test("encryption", async (t) => {
    const [mine, theirs] = [await ours.ask("supports"), await peer.ask("supports")];
    const [algorithms, contents, curves] = ["key", "content", "curves"].map((list) => both(mine[list], theirs[list]));
    assert.deepEqual(algorithms.toSorted(), ENCRYPTION[name].toSorted());
    assert.deepEqual([contents.toSorted(), curves.toSorted()], [CONTENTS.toSorted(), CURVES.toSorted()]);
    for (const alg of algorithms) await t.test(alg, () => encryption(ours, peer, alg, curves, contents));
  });
}

// Two at a time: each is two programs of which one waits for the other.
describe("tokens and keys exchanged with other libraries", { concurrency: 2 }, () => {
  for (const [name, command] of Object.entries(libraries)) describe(name, () => exchange(name, command));
});
