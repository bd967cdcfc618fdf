// npm jose as a peer.
import { CompactEncrypt, CompactSign, FlattenedSign, compactDecrypt, compactVerify, exportJWK, flattenedVerify, generateKeyPair,
  importJWK } from "jose";
import { each, serve } from "./peer.mjs";

const SIGN = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
  "EdDSA", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
const KEY = ["dir", "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "ECDH-ES", "ECDH-ES+A128KW",
  "ECDH-ES+A192KW", "ECDH-ES+A256KW", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512", "PBES2-HS256+A128KW",
  "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"];
const CONTENT = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];
const text = new TextEncoder();
const bytes = new TextDecoder();

/** What this Node can do: ML-DSA came with Node 24. */
async function usable(algorithms) {
  const works = async (alg) => !alg.startsWith("ML-DSA") || generate({ alg }).then(() => true, () => false);
  const able = await Promise.all(algorithms.map(works));
  return algorithms.filter((_, at) => able[at]);
}

async function generate({ alg, crv }) {
  const pair = await generateKeyPair(alg, { extractable: true, crv });
  return { private: { ...await exportJWK(pair.privateKey), alg }, public: { ...await exportJWK(pair.publicKey), alg } };
}

/** Where a payload goes is left to whoever calls, so here are the places. */
function placed({ protected: header, signature }, payload, { detached, unencoded, json }) {
  const inside = unencoded ? payload : Buffer.from(payload).toString("base64url");
  if (json) return JSON.stringify({ protected: header, signature, ...(detached ? {} : { payload: inside }) });
  return `${header}.${detached ? "" : inside}.${signature}`;
}

/** Back to what `flattenedVerify` takes. */
function taken(token, payload, { detached, unencoded, json }) {
  const apart = unencoded ? text.encode(payload) : Buffer.from(payload).toString("base64url");
  const [header, inside, signature] = json ? [] : token.split(".");
  const parts = json ? JSON.parse(token) : { protected: header, payload: inside, signature };
  return detached ? { ...parts, payload: apart } : parts;
}

await serve({
  supports: async () => ({ sign: await usable(SIGN), key: KEY, content: CONTENT, curves: ["P-256", "P-384", "P-521", "X25519"] }),
  generate,
  sign: async ({ alg, jwk, payloads }) => {
    const key = await importJWK(jwk, alg);
    return each(payloads, "tokens", (payload) => new CompactSign(text.encode(payload)).setProtectedHeader({ alg }).sign(key));
  },
  verify: async ({ alg, jwk, tokens }) => {
    const key = await importJWK(jwk, alg);
    return each(tokens, "payloads", async (token) =>
      bytes.decode((await compactVerify(token, key, { algorithms: [alg] })).payload));
  },
  sign_content: async ({ alg, jwk, payloads, shape }) => {
    const key = await importJWK(jwk, alg);
    const header = shape.unencoded ? { alg, b64: false, crit: ["b64"] } : { alg };
    return each(payloads, "tokens", async (payload) =>
      placed(await new FlattenedSign(text.encode(payload)).setProtectedHeader(header).sign(key), payload, shape));
  },
  verify_content: async ({ alg, jwk, tokens, payloads, shape }) => {
    const key = await importJWK(jwk, alg);
    return each(tokens.map((token, i) => [token, payloads[i]]), "payloads", async ([token, payload]) => {
      const attached = !shape.json && !shape.detached;
      const verify = attached ? compactVerify(token, key, { algorithms: [alg] })
        : flattenedVerify(taken(token, payload, shape), key, { algorithms: [alg] });
      return Buffer.from((await verify).payload).toString();
    });
  },
  encrypt: async ({ alg, enc, jwk, payloads }) => {
    const key = await importJWK(jwk, alg);
    return each(payloads, "tokens", (payload) =>
      new CompactEncrypt(text.encode(payload)).setProtectedHeader({ alg, enc }).encrypt(key));
  },
  decrypt: async ({ alg, enc, jwk, tokens }) => {
    const key = await importJWK(jwk, alg);
    const allowed = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
    return each(tokens, "payloads", async (token) => bytes.decode((await compactDecrypt(token, key, allowed)).plaintext));
  },
});
