"""What schemathesis sends to the hooks is signed as the providers sign, with their own libraries (PyPI twilio,
plivo, pynacl), so that it comes past the door; what it sends to the staff comes from our own pages.

The names, keys and tokens are those of tests/it/oracles/api.rs. What is wrong on purpose (negative data) is
signed as well: it must be taken or refused by what is in it.
"""

import base64
import hashlib
import hmac
import os
import time
from urllib.parse import parse_qsl

import nacl.signing
import schemathesis
from plivo.utils.signature_v3 import construct_get_url, construct_post_url, get_signature_v3
from requests.auth import AuthBase
from twilio.request_validator import RequestValidator

PUBLIC_URL = "https://line.example.org"
TOKEN = "0123456789abcdef0123456789abcdef"
ANDROID_KEY = b"a-long-random-signing-key"
TELNYX_KEY = nacl.signing.SigningKey(bytes([7] * 32))
# By turns: which gateway a hook comes from. The last one nobody has set up.
GATEWAYS = ["twilio", "telnyx", "android", "plivo", "nobody"]
turn = 0


class Fields(dict):
    """Fields as web frameworks hand them over: one name may have several values."""

    def getlist(self, name):
        return self[name]


def fields(text):
    found = Fields()
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def body_of(request):
    body = request.body or b""
    return body.encode("utf-8") if isinstance(body, str) else body


class Signed(AuthBase):
    """Signs a request as it is about to leave, byte for byte."""

    def __init__(self, gateway):
        self.gateway = gateway

    def __call__(self, request):
        try:
            self.sign(request)
        except UnicodeError:
            # What the library of the provider cannot sign, the provider does not send.
            pass
        return request

    def sign(self, request):
        body, url = body_of(request), PUBLIC_URL + request.path_url
        is_form = "form" in request.headers.get("content-type", "")
        params = fields(body.decode("utf-8", "replace")) if is_form else Fields()
        if self.gateway == "twilio":
            made = RequestValidator(TOKEN).compute_signature(url, params)
            request.headers["X-Twilio-Signature"] = made
        elif self.gateway == "plivo":
            make = construct_get_url if request.method == "GET" else construct_post_url
            nonce = "12345678901234567890"
            base = make(url, {name: values[0] for name, values in params.items()})
            made = get_signature_v3(TOKEN.encode(), base.decode("utf-8"), nonce)
            request.headers["X-Plivo-Signature-V3"] = made.decode("ascii")
            request.headers["X-Plivo-Signature-V3-Nonce"] = nonce
        elif self.gateway == "telnyx":
            now = str(int(time.time()))
            made = TELNYX_KEY.sign(now.encode() + b"|" + body).signature
            request.headers["Telnyx-Signature-Ed25519"] = base64.b64encode(made).decode("ascii")
            request.headers["Telnyx-Timestamp"] = now
        elif self.gateway == "android":
            now = str(int(time.time()))
            made = hmac.new(ANDROID_KEY, body + now.encode(), hashlib.sha256).hexdigest()
            request.headers["X-Signature"] = made
            request.headers["X-Timestamp"] = now


def is_wrong(case, place):
    """Whether what stands in this part of the request is wrong on purpose."""
    parts = case.meta.components.items() if case.meta else []
    return any(where.value == place and part.mode.is_negative for where, part in parts)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    global turn
    path = case.operation.path
    # Never what schemathesis makes up: these are headers that a server reads before any of ours.
    case.headers.pop("Transfer-Encoding", None)
    if path.startswith("/hooks/"):
        gateway = GATEWAYS[turn % len(GATEWAYS)]
        turn += 1
        case.path_parameters["gateway"] = gateway
        kwargs["auth"] = Signed(gateway)
    elif path.startswith("/heartbeats/"):
        turn += 1
        if turn % 2:
            case.path_parameters["name"] = "backup"
            case.headers["Authorization"] = "Bearer a-token-of-thirty-two-characters"
    else:
        if not is_wrong(case, "cookie"):
            case.headers["Cookie"] = os.environ["HARBORLINE_COOKIE"]
        case.headers["Origin"] = PUBLIC_URL
        case.headers["Host"] = "line.example.org"
