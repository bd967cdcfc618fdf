// Credentials that two libraries issue, hold and verify in every mixture, in the compact form and in JSON: what is shown is
// read alike, what was kept back is not there, and a presentation that was changed or made for somebody else is refused.
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

/** What tells the forms apart. */
const FORMS = {
  compact: (text) => !text.startsWith("{") && text.includes("~"),
  flattened: (text) => text.startsWith("{") && "signature" in JSON.parse(text),
  general: (text) => text.startsWith("{") && JSON.parse(text).signatures.length === 2,
};

const chance = (one, of) => randomInt(of) < one;
const letters = () => String.fromCodePoint(...Array.from({ length: randomInt(1, 9) }, () => randomInt(0x20, 0xd7ff)));
/** Without dots, by which @sd-jwt/core joins names to paths. */
const name = () => (chance(1, 5) ? ["a/b", "~1", "0", " "][randomInt(4)] : letters().replaceAll(".", "_"));
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

/** A presentation in the compact form as if it were one in JSON (RFC 9901 8.1), changed, and back. */
function changed(presentation, form, change) {
  const json = form === "compact" ? undefined : JSON.parse(presentation);
  const first = json?.signatures?.[0] ?? json;
  const [jwt, ...rest] = json
    ? [`${first.protected}.${json.payload}.${first.signature}`, ...first.header.disclosures, first.header.kb_jwt]
    : presentation.split("~");
  const [token, ...disclosures] = change([jwt, ...rest]);
  const binding = disclosures.pop();
  if (!json) return [token, ...disclosures, binding].join("~");
  [first.protected, json.payload, first.signature] = token.split(".");
  first.header = { ...first.header, disclosures, kb_jwt: binding };
  return JSON.stringify(json);
}

/** Another letter somewhere: in the token, a disclosure or the binding, but not where a letter has bits that say nothing. */
function turned(parts) {
  const text = parts.join("~");
  const places = [...text.matchAll(/[A-Za-z0-9_-](?=[A-Za-z0-9_-])/g)];
  const { index } = places[randomInt(places.length)];
  return (text.slice(0, index) + (text[index] === "A" ? "B" : "A") + text.slice(index + 1)).split("~");
}

/** Without one of its disclosures. */
const poorer = (parts) => parts.toSpliced(randomInt(1, parts.length - 1), 1);
const disclosures = (presentation, form) => {
  let count;
  changed(presentation, form, (parts) => { count = parts.length - 2; return parts; });
  return count;
};

async function mixture(issuer, holder, verifier, alg, form) {
  const [town, person] = [await issuer.ask("generate", { alg }), await holder.ask("generate", { alg: "ES256" })];
  const land = form === "general" ? await verifier.ask("generate", { alg: "EdDSA" }) : undefined;
  const inForm = form === "compact" ? {} : { form };
  const [signers, readers] = ["private", "public"].map((half) => ({ ...inForm, ...(land && { others: [land[half]] }) }));
  const credentials = Array.from({ length: CREDENTIALS }, credential);
  const to = { audience: "https://bar.example", nonce: letters(), now: Math.floor(Date.now() / 1000) };
  const issued = await issuer.ask("issue", { ...signers, alg, jwk: town.private, holder: person.public, credentials });
  assert.equal(issued.refused, null, `${issuer.name} cannot issue`);
  assert.ok(issued.tokens.every((each) => FORMS[form](each)), `${issuer.name} issues in another form`);
  const presented = await holder.ask("present", { ...to, ...inForm, jwk: person.private, credentials, tokens: issued.tokens });
  assert.equal(presented.refused, null, `${holder.name} cannot present`);
  assert.ok(presented.tokens.every((each) => FORMS[form](each)), `${holder.name} presents in another form`);
  const ask = (tokens, other) => verifier.ask("read", { ...readers, alg, jwk: town.public, tokens, ...to, ...other });

  // Each of those who signed is somebody to trust.
  for (const trusted of [{}, ...(land ? [{ alg: "EdDSA", jwk: land.public, others: [town.public] }] : [])]) {
    const { payloads, refused } = await ask(presented.tokens, trusted);
    assert.equal(refused, null, `${verifier.name} refuses`);
    const read = payloads.map((payload) => ({ ...JSON.parse(payload), cnf: undefined }));
    assert.deepEqual(read, credentials.map((each) => ({ ...seen(each.claims, each), cnf: undefined })));
  }

  const bent = presented.tokens.map((token) => changed(token, form, turned));
  const shortened = presented.tokens.filter((token) => disclosures(token, form) > 0).map((token) => changed(token, form, poorer));
  const bad = [ask(bent), ask(shortened), ask(presented.tokens, { nonce: "another" }),
    ask(presented.tokens, { audience: "https://cafe.example" }), ask(issued.tokens)];
  for (const { payloads: none } of await Promise.all(bad)) {
    assert.ok(none.length > 0 && none.every((each) => each === null), `${verifier.name} accepted what was changed`);
  }
}

describe("credentials issued, held and verified by two libraries", () => {
  const ours = new Peer("countersign", we, []);
  const peers = [
    // Its JSON is that of a draft.
    [new Peer("sd-jwt", process.env.PYTHON ?? "python3", [here("./sd_jwt_peer.py")]), ["compact"]],
    [new Peer("@sd-jwt/core", process.execPath, [here("./sd_jwt_js_peer.mjs")]), Object.keys(FORMS)],
  ];
  after(() => [ours, ...peers.map(([peer]) => peer)].forEach((each) => each.stop()));
  for (const [theirs, forms] of peers) {
    const mixtures = [ours, theirs].flatMap((issuer) => [ours, theirs].flatMap((holder) => [ours, theirs]
      .filter((verifier) => new Set([issuer, holder, verifier]).size > 1).map((verifier) => [issuer, holder, verifier])));
    for (const [parties, form, alg] of mixtures.flatMap((each) => forms.flatMap((form) => ["ES256", "EdDSA"].map((alg) => [each, form, alg])))) {
      const title = parties.map((each) => each.name).join(", ");
      test(`${title}: ${form}, ${alg}`, () => mixture(...parties, alg, form));
    }
  }
});
