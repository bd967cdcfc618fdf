"""joserfc as a peer."""
import json
import warnings
from base64 import urlsafe_b64encode

from joserfc import jwe, jws
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from peer import CONTENT, KEY, each, serve, usable

# It says so for `EdDSA`, `ES256K` and the like, which the other side may well ask for.
warnings.simplefilter("ignore")

SIGN = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "ES256K", "EdDSA", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}


def generate(alg, crv=None):
    crv = crv or CURVES.get(alg)
    if alg.startswith("Ed") or crv == "X25519":
        key = OKPKey.generate_key(crv or "Ed25519")
    elif crv:
        key = ECKey.generate_key(crv)
    else:
        key = RSAKey.generate_key(2048)
    return {"private": key.as_dict(private=True) | {"alg": alg}, "public": key.as_dict(private=False) | {"alg": alg}}


def sign(alg, jwk, payloads):
    key = import_key(jwk)
    return each(payloads, "tokens", lambda payload: jws.serialize_compact({"alg": alg}, payload, key, algorithms=[alg]))


def verify(alg, jwk, tokens):
    key = import_key(jwk)
    return each(tokens, "payloads", lambda token: jws.deserialize_compact(token, key, algorithms=[alg]).payload.decode())


def encoded(payload):
    return urlsafe_b64encode(payload.encode()).rstrip(b"=").decode()


def sign_content(alg, jwk, payloads, shape):
    key = import_key(jwk)
    protected = {"alg": alg} | ({"b64": False, "crit": ["b64"]} if shape["unencoded"] else {})

    def one(payload):
        if not shape["json"]:
            token = jws.serialize_compact(protected, payload, key, algorithms=[alg])
            return jws.detach_content(token) if shape["detached"] else token
        document = jws.serialize_json({"protected": protected}, payload, key, algorithms=[alg])
        return json.dumps(jws.detach_content(document) if shape["detached"] else document)

    return each(payloads, "tokens", one)


def verify_content(alg, jwk, tokens, payloads, shape):
    key = import_key(jwk)

    def one(pair):
        token, payload = pair
        if not shape["json"]:
            apart = payload if shape["detached"] else None
            return jws.deserialize_compact(token, key, algorithms=[alg], payload=apart).payload.decode()
        document = json.loads(token)
        if shape["detached"]:
            document["payload"] = payload if shape["unencoded"] else encoded(payload)
        return jws.deserialize_json(document, key, algorithms=[alg]).payload.decode()

    return each(zip(tokens, payloads), "payloads", one)


def encrypt(alg, enc, jwk, payloads):
    key, header = import_key(jwk), {"alg": alg, "enc": enc}
    return each(payloads, "tokens", lambda payload: jwe.encrypt_compact(header, payload, key, algorithms=[alg, enc]))


def decrypt(alg, enc, jwk, tokens):
    key = import_key(jwk)
    return each(tokens, "payloads", lambda token: jwe.decrypt_compact(token, key, algorithms=[alg, enc]).plaintext.decode())


serve({
    "supports": lambda: {
        "sign": usable(SIGN, lambda alg: jws.JWSRegistry(algorithms=[alg]).get_alg(alg)),
        "key": KEY,
        "content": CONTENT,
        "curves": ["P-256", "P-384", "P-521", "X25519"],
    },
    "encrypt": encrypt,
    "decrypt": decrypt,
    "generate": generate,
    "sign": sign,
    "verify": verify,
    "sign_content": sign_content,
    "verify_content": verify_content,
})
