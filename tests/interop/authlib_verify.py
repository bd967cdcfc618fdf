"""Checks one access token with Authlib and the issuer's JWKS; reads and answers JSON on the standard streams."""
import json
import sys
import urllib.request

from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose.errors import JoseError

ask = json.load(sys.stdin)
with urllib.request.urlopen(ask["issuer"] + "/jwks.json", timeout=5) as answer:
    keys = JsonWebKey.import_key_set(json.load(answer))
rules = {"iss": {"essential": True, "value": ask["issuer"]}, "aud": {"essential": True, "value": ask["audience"]}}
try:
    claims = JsonWebToken(["ES256"]).decode(ask["token"], keys, claims_options=rules)
    claims.validate()
    print(json.dumps({"accepted": True, "sub": claims["sub"]}))
except JoseError as refusal:
    print(json.dumps({"accepted": False, "why": str(refusal)}))
