"""Checks one access token with PyJWT and the issuer's JWKS; reads and answers JSON on the standard streams."""
import json
import sys

import jwt

ask = json.load(sys.stdin)
try:
    keys = jwt.PyJWKClient(ask["issuer"] + "/jwks.json")
    key = keys.get_signing_key_from_jwt(ask["token"])
    claims = jwt.decode(ask["token"], key, algorithms=["ES256"], issuer=ask["issuer"], audience=ask["audience"])
    print(json.dumps({"accepted": True, "sub": claims["sub"]}))
except jwt.PyJWTError as refusal:
    print(json.dumps({"accepted": False, "why": str(refusal)}))
