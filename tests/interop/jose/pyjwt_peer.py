"""PyJWT as a peer. It makes no keys, so `cryptography` does; it reads and writes the JWKs itself."""
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.api_jws import PyJWS

from peer import each, serve, usable

SIGN = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "ES256K", "EdDSA", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}
jws = PyJWS()


def generate(alg):
    algorithm = jws.get_algorithm_by_name(alg)
    if alg in CURVES:
        key = ec.generate_private_key(CURVES[alg]())
    elif alg.startswith("Ed"):
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(65537, 2048)
    written = [algorithm.to_jwk(half, as_dict=True) for half in (key, key.public_key())]
    private, public = [{name: value for name, value in jwk.items() if name != "key_ops"} | {"alg": alg} for jwk in written]
    return {"private": private, "public": public}


def key_of(alg, jwk):
    return jws.get_algorithm_by_name(alg).from_jwk(json.dumps(jwk))


def sign(alg, jwk, payloads):
    key = key_of(alg, jwk)
    return each(payloads, "tokens", lambda payload: jws.encode(payload.encode(), key, algorithm=alg))


def verify(alg, jwk, tokens):
    key = key_of(alg, jwk)
    return each(tokens, "payloads", lambda token: jws.decode(token, key, algorithms=[alg]).decode())


# It has the one shape: detached, as it is, in the compact form.
def sign_content(alg, jwk, payloads, shape):
    key = key_of(alg, jwk)
    return each(payloads, "tokens", lambda payload: jws.encode(payload.encode(), key, algorithm=alg, is_payload_detached=True))


def verify_content(alg, jwk, tokens, payloads, shape):
    key = key_of(alg, jwk)

    def one(pair):
        token, payload = pair
        return jws.decode(token, key, algorithms=[alg], detached_payload=payload.encode()).decode()

    return each(zip(tokens, payloads), "payloads", one)


serve({
    "supports": lambda: {"sign": usable(SIGN, jws.get_algorithm_by_name)},
    "generate": generate,
    "sign": sign,
    "verify": verify,
    "sign_content": sign_content,
    "verify_content": verify_content,
})
