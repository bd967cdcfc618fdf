"""jwcrypto as a peer."""
import json

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from peer import CONTENT, KEY, each, serve, usable

SIGN = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "ES256K", "EdDSA", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}


def generate(alg, crv=None):
    crv = crv or CURVES.get(alg)
    if alg.startswith("ML-DSA"):
        key = JWK.generate(kty="AKP", alg=alg)
    elif alg.startswith("Ed") or crv == "X25519":
        key = JWK.generate(kty="OKP", crv=crv or "Ed25519")
    elif crv:
        key = JWK.generate(kty="EC", crv=crv)
    else:
        key = JWK.generate(kty="RSA", size=2048)
    return {"private": key.export(as_dict=True) | {"alg": alg}, "public": key.export_public(as_dict=True) | {"alg": alg}}


def sign(alg, jwk, payloads):
    key = JWK(**jwk)

    def one(payload):
        token = JWS(payload.encode())
        token.allowed_algs = [alg]
        token.add_signature(key, alg=alg, protected=json.dumps({"alg": alg}))
        return token.serialize(compact=True)

    return each(payloads, "tokens", one)


def verify(alg, jwk, tokens):
    key = JWK(**jwk)

    def one(text):
        token = JWS()
        token.allowed_algs = [alg]
        token.deserialize(text, key)
        return token.payload.decode()

    return each(tokens, "payloads", one)


def sign_content(alg, jwk, payloads, shape):
    key = JWK(**jwk)
    protected = json.dumps({"alg": alg} | ({"b64": False, "crit": ["b64"]} if shape["unencoded"] else {}))

    def one(payload):
        token = JWS(payload)
        token.allowed_algs = [alg]
        token.add_signature(key, alg=alg, protected=protected)
        if shape["detached"]:
            token.detach_payload()
        if not shape["json"]:
            return token.serialize(compact=True)
        document = json.loads(token.serialize())
        if shape["detached"]:
            # It is left empty; it has to be left out (RFC 7515 F).
            assert document.pop("payload") == ""
        return json.dumps(document)

    return each(payloads, "tokens", one)


def verify_content(alg, jwk, tokens, payloads, shape):
    key = JWK(**jwk)

    def one(pair):
        text, payload = pair
        token = JWS()
        token.allowed_algs = [alg]
        token.deserialize(text)
        token.verify(key, alg, detached_payload=payload if shape["detached"] else None)
        read = payload if shape["detached"] else token.payload
        return read.decode() if isinstance(read, bytes) else read

    return each(zip(tokens, payloads), "payloads", one)


def encrypt(alg, enc, jwk, payloads):
    key, header = JWK(**jwk), json.dumps({"alg": alg, "enc": enc})

    def one(payload):
        token = JWE(payload.encode(), protected=header, algs=[alg, enc])
        token.add_recipient(key)
        return token.serialize(compact=True)

    return each(payloads, "tokens", one)


def decrypt(alg, enc, jwk, tokens):
    key = JWK(**jwk)

    def one(text):
        token = JWE(algs=[alg, enc])
        token.deserialize(text, key)
        return token.payload.decode()

    return each(tokens, "payloads", one)


def sign_json(keys, payloads):
    keys = [(JWK(**key["jwk"]), key["alg"]) for key in keys]

    def one(payload):
        document = JWS(payload.encode())
        document.allowed_algs = SIGN
        for key, alg in keys:
            document.add_signature(key, alg=alg, protected=json.dumps({"alg": alg}))
        return document.serialize()

    return each(payloads, "tokens", one)


def encrypt_json(keys, payloads):
    keys = [(JWK(**key["jwk"]), {"alg": key["alg"]}, key["enc"]) for key in keys]
    protected = json.dumps({"enc": keys[0][2]})

    def one(payload):
        document = JWE(payload.encode(), protected=protected, aad="for all to see", algs=KEY + CONTENT)
        for key, header, _ in keys:
            document.add_recipient(key, json.dumps(header))
        return document.serialize()

    return each(payloads, "tokens", one)


def can_sign(alg):
    """Only keys of ML-DSA depend on what this installation was built with."""
    if alg.startswith("ML-DSA"):
        generate(alg)


serve({
    "supports": lambda: {
        "sign": usable(SIGN, can_sign),
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
    # It tells the forms apart by itself.
    "sign_json": sign_json,
    "verify_json": verify,
    "encrypt_json": encrypt_json,
    "decrypt_json": decrypt,
})
