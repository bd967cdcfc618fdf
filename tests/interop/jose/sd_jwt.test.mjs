// Credentials that two libraries issue, hold and verify in every mixture: what is shown is read alike, what was kept back
// is not there, and a presentation that was changed or made for somebody else is refused.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Peer } from "./peer.mjs";

/** Of each mixture; four of them cross from one library to the other, two in each direction. */
const CREDENTIALS = 50;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const we = process.env.JOSE_PEER ?? here("../../../target/debug/examples/interop");
const ALWAYS = { iss: "https://town.example", exp: 4_000_000_000, vct: "https://town.example/card" };

const chance = (one, of) => randomInt(of) < one;
const letters = () => String.fromCodePoint(...Array.from({ length: randomInt(1, 9) }, () => randomInt(0x20, 0xd7ff)));
const name = () => (chance(1, 5) ? ["a/b", "~1", "0", " "][randomInt(4)] : letters());
const few = (make) => Array.from({ length: randomInt(0, 4) }, make);

function value(depth) {
  const kind = randomInt(depth > 0 ? 7 : 5);
  if (kind === 5) return few(() => value(depth - 1));
  if (kind === 6) return Object.fromEntries(few(() => [name(), value(depth - 1)]));
  return [letters(), randomInt(2 ** 40), chance(1, 2), null, ""][kind];
}

const at = (path, name) => `${path}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
const inside = (value) => (value !== null && typeof value === "object" ? Object.entries(value) : []);
/** The JSON Pointers of all that stands in a value. */
const places = (value, path = "") => inside(value).flatMap(([name, item]) => [at(path, name), ...places(item, at(path, name))]);
const within = (path, place) => path === place || path.startsWith(`${place}/`);

/** Claims, some of them concealed, also inside one another; some shown, with what they stand in. */
function credential() {
  const claims = { ...Object.fromEntries(Array.from({ length: 4 }, () => [name(), value(2)])), ...ALWAYS };
  const concealed = places(claims).filter((path) => !(path.slice(1) in ALWAYS) && chance(2, 5));
  const chosen = concealed.filter(() => chance(1, 2));
  const shown = concealed.filter((place) => chosen.some((path) => within(path, place)));
  return { claims, concealed, shown, decoys: chance(1, 3) };
}

/** The claims without what was kept back. */
function seen(value, { concealed, shown }, path = "") {
  const left = inside(value).filter(([name]) => !concealed.includes(at(path, name)) || shown.includes(at(path, name)));
  const read = left.map(([name, item]) => [name, seen(item, { concealed, shown }, at(path, name))]);
  if (Array.isArray(value)) return read.map(([, item]) => item);
  return value !== null && typeof value === "object" ? Object.fromEntries(read) : value;
}

/** Another letter somewhere: in the token, a disclosure or the binding, but not where a letter has bits that say nothing. */
function turned(presentation) {
  const places = [...presentation.matchAll(/[A-Za-z0-9_-](?=[A-Za-z0-9_-])/g)];
  const { index } = places[randomInt(places.length)];
  return presentation.slice(0, index) + (presentation[index] === "A" ? "B" : "A") + presentation.slice(index + 1);
}

/** Without one of its disclosures. */
function poorer(presentation) {
  const parts = presentation.split("~");
  parts.splice(randomInt(1, parts.length - 1), 1);
  return parts.join("~");
}

async function mixture(issuer, holder, verifier, alg) {
  const [town, person] = [await issuer.ask("generate", { alg }), await holder.ask("generate", { alg: "ES256" })];
  const credentials = Array.from({ length: CREDENTIALS }, credential);
  const to = { audience: "https://bar.example", nonce: letters(), now: Math.floor(Date.now() / 1000) };
  const issued = await issuer.ask("issue", { alg, jwk: town.private, holder: person.public, credentials });
  assert.equal(issued.refused, null, `${issuer.name} cannot issue`);
  const presented = await holder.ask("present", { ...to, jwk: person.private, credentials, tokens: issued.tokens });
  assert.equal(presented.refused, null, `${holder.name} cannot present`);
  const ask = (tokens, other) => verifier.ask("read", { alg, jwk: town.public, tokens, ...to, ...other });

  const { payloads, refused } = await ask(presented.tokens);
  assert.equal(refused, null, `${verifier.name} refuses`);
  const read = payloads.map((payload) => ({ ...JSON.parse(payload), cnf: undefined }));
  assert.deepEqual(read, credentials.map((each) => ({ ...seen(each.claims, each), cnf: undefined })));

  const shortened = presented.tokens.filter((token) => token.split("~").length > 2).map(poorer);
  const bad = [ask(presented.tokens.map(turned)), ask(shortened), ask(presented.tokens, { nonce: "another" }),
    ask(presented.tokens, { audience: "https://cafe.example" }), ask(issued.tokens)];
  for (const { payloads: none } of await Promise.all(bad)) {
    assert.ok(none.length > 0 && none.every((each) => each === null), `${verifier.name} accepted what was changed`);
  }
}

describe("credentials issued, held and verified by two libraries", () => {
  const ours = new Peer("countersign", we, []);
  const theirs = new Peer("sd-jwt", process.env.PYTHON ?? "python3", [here("./sd_jwt_peer.py")]);
  after(() => [ours, theirs].forEach((each) => each.stop()));
  const mixtures = [ours, theirs].flatMap((issuer) => [ours, theirs].flatMap((holder) => [ours, theirs]
    .filter((verifier) => new Set([issuer, holder, verifier]).size > 1).map((verifier) => [issuer, holder, verifier])));
  for (const parties of mixtures) {
    const title = parties.map((each) => each.name).join(", ");
    for (const alg of ["ES256", "EdDSA"]) test(`${title}: ${alg}`, () => mixture(...parties, alg));
  }
});
