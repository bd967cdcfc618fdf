// @sd-jwt/core as a peer: credentials in the compact form, and in flattened and general JSON. It signs nothing itself, so
// Node does.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { FlattenJSON, GeneralJSON, KBJwt, SDJwtGeneralJSONInstance, SDJwtInstance } from "@sd-jwt/core";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { each, serve } from "./peer.mjs";

const TYPE = "dc+sd-jwt";
const hash = (jwk) => (jwk.kty === "EC" ? "sha256" : null);
const key = (make, jwk) => ({ key: make({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" });
const signer = (jwk) => (data) => sign(hash(jwk), Buffer.from(data), key(createPrivateKey, jwk)).toString("base64url");
const isBy = (jwk, data, signature) =>
  verify(hash(jwk), Buffer.from(data), key(createPublicKey, jwk), Buffer.from(signature, "base64url"));
const common = {
  hasher: (data, alg) => createHash(alg.replace("-", "")).update(data).digest(),
  hashAlg: "sha-256",
  saltGenerator: (length) => randomBytes(length).toString("base64url"),
};

const at = (path, name) => `${path}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
const inside = (value) => (value !== null && typeof value === "object" ? Object.entries(value) : []);
const filled = (frame) => (Object.keys(frame).length > 0 ? frame : undefined);

/** What `issue` takes: the names that are concealed, and the same of what stands inside. */
function concealing(value, concealed, path = "") {
  const name = (name) => (Array.isArray(value) ? Number(name) : name);
  const here = inside(value).filter(([name]) => concealed.has(at(path, name))).map(([each]) => name(each));
  const deeper = inside(value).map(([name, item]) => [name, concealing(item, concealed, at(path, name))]);
  return filled({ ...Object.fromEntries(deeper.filter(([, frame]) => frame)), ...(here.length > 0 ? { _sd: here } : {}) });
}

/** What `present` takes: true for what is shown, or the same of what stands inside. */
function showing(value, shown, path = "") {
  const frames = inside(value).map(([name, item]) => [name, showing(item, shown, at(path, name)) ?? shown.has(at(path, name))]);
  return filled(Object.fromEntries(frames.filter(([, frame]) => frame)));
}

/** The library names each key in the unprotected header as well, or leaves that empty. Neither may be (RFC 7515 4, 7.2.1). */
function written(json) {
  const signatures = json.signatures?.map(({ header: { kid, ...header }, ...rest }) => (header.disclosures ? { header, ...rest } : rest));
  return JSON.stringify(signatures ? { ...json, signatures } : json);
}

const compact = (token, form) => (form === "flattened" ? FlattenJSON.fromSerialized(JSON.parse(token)).toEncoded() : token);
const again = (text, form) => (form === "flattened" ? written(FlattenJSON.fromEncode(text).toJson()) : text);

/** Asked to present and to prove at once, it looks for the disclosures twice and misses some of those inside others the
 * second time; so it proves what it has presented. */
async function proof(shown, jwk, { audience, nonce, now }) {
  const sd_hash = createHash("sha256").update(shown).digest("base64url");
  const proof = new KBJwt({ header: { typ: "kb+jwt", alg: jwk.alg }, payload: { aud: audience, nonce, iat: now, sd_hash } });
  await proof.sign(signer(jwk));
  return proof.encodeJwt();
}

async function generate({ alg }) {
  const pair = await generateKeyPair(alg, { extractable: true });
  const kid = await calculateJwkThumbprint(await exportJWK(pair.publicKey));
  return { private: { ...await exportJWK(pair.privateKey), alg, kid }, public: { ...await exportJWK(pair.publicKey), alg, kid } };
}

await serve({
  generate,
  issue: ({ alg, jwk, others = [], holder, credentials, form = "compact" }) => each(credentials, "tokens", async (credential) => {
    const claims = { ...credential.claims, cnf: { jwk: holder } };
    const frame = { ...concealing(credential.claims, new Set(credential.concealed)), _sd_decoy: credential.decoys ? 3 : 0 };
    if (form === "general") {
      const sigs = [jwk, ...others].map((each) => ({ signer: signer(each), alg: each.alg, kid: each.kid, header: { typ: TYPE } }));
      return written((await new SDJwtGeneralJSONInstance(common).issue(claims, frame, { sigs })).toJson());
    }
    const issuer = new SDJwtInstance({ ...common, signer: signer(jwk), signAlg: alg });
    return again(await issuer.issue(claims, frame, { header: { typ: TYPE, kid: jwk.kid } }), form);
  }),
  present: ({ jwk, credentials, tokens, form = "compact", ...to }) => each(tokens.map((token, i) => [token, credentials[i]]), "tokens",
    async ([token, { claims, shown }]) => {
      const frame = showing(claims, new Set(shown)) ?? {};
      if (form === "general") {
        const presented = await new SDJwtGeneralJSONInstance(common).present(GeneralJSON.fromSerialized(JSON.parse(token)), frame);
        presented.kb_jwt = await proof(presented.toEncoded(0), jwk, to);
        return written(presented.toJson());
      }
      const presented = await new SDJwtInstance(common).present(compact(token, form), frame);
      return again(presented + await proof(presented, jwk, to), form);
    }),
  // In the general form it wants every signature to be good, whoever made it.
  read: ({ jwk, others = [], tokens, audience, nonce, now, form = "compact" }) => {
    const verifier = (data, signature) => [jwk, ...others].some((each) => isBy(each, data, signature));
    const config = { ...common, verifier, kbVerifier: (data, signature, { cnf }) => isBy(cnf.jwk, data, signature) };
    const options = { keyBindingNonce: nonce, currentDate: now };
    return each(tokens, "payloads", async (token) => {
      const { payload, kb } = form === "general"
        ? await new SDJwtGeneralJSONInstance(config).verify(GeneralJSON.fromSerialized(JSON.parse(token)), options)
        : await new SDJwtInstance(config).verify(compact(token, form), options);
      // It leaves this to its caller.
      if (kb.payload.aud !== audience) throw new Error("for another verifier");
      return JSON.stringify(payload);
    });
  },
});
