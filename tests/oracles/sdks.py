"""Signatures of hooks and TwiML, by the providers' own libraries (PyPI twilio, plivo, telnyx, pynacl,
standardwebhooks).

One JSON object a line in, one out, in the same order. `sdk` says which library is asked:

  {"sdk":"twilio","token":"…","url":"…","params":{"Body":"hi","Digits":["1","2"]}}   -> {"signature":"…"}
  {"sdk":"plivo","token":"…","method":"POST","url":"…","nonce":"…","params":{…}}     -> {"signature":"…"}
  {"sdk":"telnyx","seed":"<hex>","timestamp":"…","body":"…"}                          -> {"signature":"…","public_key":"…"}
  {"sdk":"twiml","body":"…"|null,"url":"…"|null,"xml":"…"}                            -> {"same":true|false}
  {"sdk":"plivoxml","body":"…"|null,"url":"…"|null,"src":"…","dst":"…","xml":"…"}     -> {"same":true|false}
  {"sdk":"voice","said":"…","missed":"…"|null,"url":"…","xml":"…"}                    -> {"same":true|false}
  {"sdk":"webhook","secret":"whsec_…","now":0,"headers":{…},"body":"…"}               -> {"valid":true|false}

With "signature" in the input there is also "valid", by the library's own validation. "twiml", "plivoxml" and
"voice" compare what we wrote with what the library writes for the same message or call; "twiml" with what
twilio-sign.mjs wrote, if that is there as "theirs".

Run: python3 -m venv tests/oracles/venv && tests/oracles/venv/bin/pip install -r tests/oracles/requirements.txt
     echo '{"sdk":"twilio","token":"t","url":"https://example.org/","params":{}}' | tests/oracles/venv/bin/python tests/oracles/sdks.py
"""

import base64
import json
import sys
from xml.etree import ElementTree

# Each library is read where it is asked: all of them together take seconds.


class Repeated(dict):
    """Fields as web frameworks hand them over: one name may have several values."""

    def getlist(self, name):
        values = self[name]
        return values if isinstance(values, list) else [values]


def twilio(question):
    from twilio.request_validator import RequestValidator

    validator = RequestValidator(question["token"])
    params = Repeated(question["params"])
    answer = {"signature": validator.compute_signature(question["url"], params)}
    if "signature" in question:
        answer["valid"] = validator.validate(question["url"], params, question["signature"])
    return answer


def plivo(question):
    from plivo.utils import validate_v3_signature
    from plivo.utils.signature_v3 import construct_get_url, construct_post_url, get_signature_v3

    method, url, nonce, token = (question[key] for key in ("method", "url", "nonce", "token"))
    make = construct_get_url if method == "GET" else construct_post_url
    base = make(url, dict(question["params"])).decode("utf-8")
    answer = {"signature": get_signature_v3(token.encode("utf-8"), base, nonce).decode("ascii")}
    if "signature" in question:
        answer["valid"] = validate_v3_signature(
            method, url, nonce, token, question["signature"], dict(question["params"])
        )
    return answer


def telnyx(question):
    import nacl.signing
    from telnyx.lib import webhook_verification

    key = nacl.signing.SigningKey(bytes.fromhex(question["seed"]))
    message = f"{question['timestamp']}|{question['body']}".encode("utf-8")
    answer = {
        "signature": base64.b64encode(key.sign(message).signature).decode("ascii"),
        "public_key": base64.b64encode(bytes(key.verify_key)).decode("ascii"),
    }
    if "signature" in question:
        headers = {
            "Telnyx-Signature-Ed25519": question["signature"],
            "Telnyx-Timestamp": question["timestamp"],
        }
        # The library reads the machine's clock.
        webhook_verification.time.time = lambda: question["now"]
        try:
            body = question["body"].encode("utf-8")
            webhook_verification.verify_webhook_signature(body, headers, question["public_key"])
            answer["valid"] = True
        except webhook_verification.WebhookVerificationError:
            answer["valid"] = False
    return answer


def twiml(question):
    from twilio.twiml.messaging_response import MessagingResponse

    response = MessagingResponse()
    if question["body"] is not None:
        url = question["url"]
        extra = {} if url is None else {"action": url, "status_callback": url}
        response.message(question["body"], **extra)
    theirs = ElementTree.fromstring(question.get("theirs") or str(response))
    ours = ElementTree.fromstring(question["xml"])
    return {"same": tree(ours) == tree(theirs)}


def plivoxml(question):
    from plivo.xml import MessageElement, ResponseElement

    response = ResponseElement()
    if question["body"] is not None:
        url = question["url"]
        extra = {} if url is None else {"callback_url": url, "callback_method": "POST"}
        numbers = {"src": question["src"], "dst": question["dst"]}
        response.add(MessageElement(question["body"], type="sms", **numbers, **extra))
    theirs = ElementTree.fromstring(response.to_string(pretty=False))
    return {"same": tree(ElementTree.fromstring(question["xml"])) == tree(theirs)}


def voice(question):
    from twilio.twiml.voice_response import Gather, VoiceResponse

    response = VoiceResponse()
    if question["missed"] is None:
        response.say(question["said"])
    else:
        gather = Gather(input="dtmf", num_digits=1, timeout=10, method="POST", action=question["url"])
        for time in range(3):
            if time > 0:
                gather.pause(length=2)
            gather.say(question["said"])
        response.append(gather)
        response.say(question["missed"])
    response.hangup()
    theirs = ElementTree.fromstring(str(response))
    return {"same": tree(ElementTree.fromstring(question["xml"])) == tree(theirs)}


def webhook(question):
    from datetime import datetime

    from standardwebhooks import Webhook, WebhookVerificationError, webhooks

    # The library reads the machine's clock.
    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(question["now"], tz)

    webhooks.datetime = Then
    try:
        Webhook(question["secret"]).verify(question["body"], question["headers"])
        return {"valid": True}
    except WebhookVerificationError:
        return {"valid": False}


def tree(element):
    return [element.tag, element.attrib, element.text or "", [tree(child) for child in element]]


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(globals()[asked["sdk"]](asked)), flush=True)
