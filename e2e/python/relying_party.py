"""A relying party on Authlib, with a password or with a key of its own.

It prints the address to send the browser to, reads the address that the browser came
back to from standard input, and prints what it learnt.
"""

import json
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

settings = json.loads(sys.argv[1])
issuer = settings["issuer"]
server = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
if server["issuer"] != issuer:
    raise SystemExit(f"the issuer says it is {server['issuer']}")

by_key = "jwk" in settings
session = OAuth2Session(
    settings["client_id"],
    ECKey.import_key(settings["jwk"]) if by_key else settings["client_secret"],
    token_endpoint_auth_method="private_key_jwt" if by_key else "client_secret_basic",
    revocation_endpoint_auth_method="private_key_jwt" if by_key else "client_secret_basic",
    scope=settings["scope"],
    redirect_uri=settings["redirect_uri"],
    code_challenge_method="S256",
)
if by_key:  # what Authlib calls the token endpoint is the audience; here it is the issuer
    session.register_client_auth_method(PrivateKeyJWT(issuer, alg="ES256"))

verifier, nonce = generate_token(48), generate_token(24)
ask, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
print(ask, flush=True)

token = session.fetch_token(
    server["token_endpoint"], authorization_response=sys.stdin.readline().strip(), state=state, code_verifier=verifier
)
keys = KeySet.import_key_set(requests.get(server["jwks_uri"], timeout=30).json())
decoded = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
claims = CodeIDToken(
    decoded.claims,
    decoded.header,
    {"iss": {"values": [issuer]}, "aud": {"value": settings["client_id"]}},
    {"nonce": nonce, "client_id": settings["client_id"], "access_token": token["access_token"]},
)
claims.validate(leeway=10)
told = session.get(server["userinfo_endpoint"]).json()
if told["sub"] != claims["sub"]:
    raise SystemExit(f"userinfo is of {told['sub']}, the ID token of {claims['sub']}")


def read(path):
    response = session.get(settings["api"] + path)
    response.raise_for_status()
    return response.json()


organization = read("/v1/organization")
members = read("/v1/organization/members")
session.refresh_token(server["token_endpoint"])
refreshed = read("/v1/organization")
session.revoke_token(server["revocation_endpoint"], session.token["refresh_token"], "refresh_token").raise_for_status()

members = members.get("items", members) if isinstance(members, dict) else members
print(json.dumps({"sub": claims["sub"], "organization": organization, "refreshed": refreshed, "members": len(members)}))
