# Signs a session id for X-Session-Signature, on the website's own server. Python 3.8 or newer, nothing to install.
# Try it:
#   export SESSION_SIGNING_KEY=<base64, from sessionSigningKeys> SESSION_TOKEN_AUDIENCE=guest-profiles:production
#   printf %s my-session-id | python3 sign_session.py
import base64
import hashlib
import hmac
import json
import os
import sys
import time

key = base64.b64decode(os.environ.get("SESSION_SIGNING_KEY", ""))
audience = os.environ.get("SESSION_TOKEN_AUDIENCE")
if len(key) < 32 or not audience:
    raise SystemExit("Set SESSION_SIGNING_KEY (base64, at least 32 bytes) and SESSION_TOKEN_AUDIENCE.")


def sign_session(session_id: str) -> str:
    """The simple form: t=<unix seconds>,v1=<hex>."""
    t = int(time.time())
    return f"t={t},v1=" + hmac.new(key, f"{t}.{session_id}".encode(), hashlib.sha256).hexdigest()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_session_token(session_id: str) -> str:
    """The same as a JSON Web Token."""
    iat = int(time.time())
    claims = {"sub": session_id, "aud": audience, "iat": iat, "exp": iat + 300}
    header = {"alg": "HS256", "typ": "JWT"}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return signed + "." + base64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())


# Your server signs the session id that it has given to this visitor itself, never one that a browser sends.
session_id = sys.stdin.buffer.read().decode()
print(sign_session(session_id))
print(sign_session_token(session_id))
