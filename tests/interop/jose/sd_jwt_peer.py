"""sd-jwt as a peer: it issues credentials, presents them, and reads what was presented."""
import json

from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from peer import each, serve


def generate(alg):
    key = JWK.generate(kty="OKP", crv="Ed25519") if alg == "EdDSA" else JWK.generate(kty="EC", crv="P-256")
    return {"private": key.export(as_dict=True) | {"alg": alg}, "public": key.export_public(as_dict=True) | {"alg": alg}}


def at(path, name):
    """The JSON Pointer of a member or an item."""
    return f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"


def marked(value, concealed, path=""):
    """The claims with those marked that the holder may keep back."""

    def mark(item, path):
        return SDObj(item) if path in concealed else item

    if isinstance(value, dict):
        return {mark(name, at(path, name)): marked(item, concealed, at(path, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [mark(marked(item, concealed, at(path, i)), at(path, i)) for i, item in enumerate(value)]
    return value


def wanted(value, shown, path=""):
    """What `create_presentation` takes: true, or what is wanted of what stands inside; none for what is kept back."""
    inside = []
    if isinstance(value, dict):
        inside = {name: wanted(item, shown, at(path, name)) for name, item in value.items()}
    if isinstance(value, list):
        inside = [wanted(item, shown, at(path, i)) for i, item in enumerate(value)]
    some = any(inside.values() if isinstance(inside, dict) else inside)
    return inside if some else path in shown or None


def issue(alg, jwk, holder, credentials):
    def one(credential):
        claims = marked(credential["claims"], set(credential["concealed"]))
        issued = SDJWTIssuer(claims, JWK(**jwk), JWK(**holder), alg, credential["decoys"],
                             extra_header_parameters={"typ": "dc+sd-jwt"})
        return issued.sd_jwt_issuance

    return each(credentials, "tokens", one)


def present(jwk, credentials, tokens, audience, nonce, now):
    def one(pair):
        credential, token = pair
        holder = SDJWTHolder(token)
        chosen = wanted(credential["claims"], set(credential["shown"]))
        holder.create_presentation(chosen or {}, nonce, audience, JWK(**jwk), "ES256")
        return holder.sd_jwt_presentation

    return each(zip(credentials, tokens), "tokens", one)


def read(alg, jwk, tokens, audience, nonce, now):
    def one(token):
        verifier = SDJWTVerifier(token, lambda issuer, header: JWK(**jwk), audience, nonce)
        return json.dumps(verifier.get_verified_payload())

    return each(tokens, "payloads", one)


serve({"generate": generate, "issue": issue, "present": present, "read": read})
