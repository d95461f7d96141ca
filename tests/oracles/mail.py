"""A mail server (PyPI aiosmtpd) on loopback that tells what it was sent.

The first line of stdin is a JSON object, every key of which may be left out:

  {"tls": "starttls"|"wrapper", "user": "…", "password": "…", "refused": ["…"], "greylisted": 1}

`tls` requires it, with a certificate of an authority made for this run (PyPI trustme); `user` requires to sign in;
mail to a `refused` address gets 550; the first `greylisted` recipients get 451. It answers with one line,
{"port":…,"authority":"<PEM>"}, then with one for each mail:

  {"from":"…","to":["…"],"subject":"…","headers":{…},"body":"…","tls":true,"user":"…"|null}

It ends when stdin does.

Run: python3 -m venv tests/oracles/venv && tests/oracles/venv/bin/pip install -r tests/oracles/requirements.txt
     echo '{}' | tests/oracles/venv/bin/python tests/oracles/mail.py
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

HOST = "127.0.0.1"


class Handler:
    def __init__(self, rules):
        self.refused = rules.get("refused", [])
        self.greylisted = rules.get("greylisted", 0)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 no such user"
        if self.greylisted > 0:
            self.greylisted -= 1
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": mail["subject"],
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "body": mail.get_content(),
            "tls": session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
            "user": session.auth_data.login.decode() if session.authenticated else None,
        }
        print(json.dumps(told), flush=True)
        return "250 OK"


async def main():
    rules = json.loads(sys.stdin.readline())
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)

    def known(server, session, envelope, mechanism, data):
        right = (rules["user"].encode(), rules["password"].encode())
        success = (data.login, data.password) == right
        # Not handled here: the server answers, 235 or 535.
        return AuthResult(success=success, handled=False, auth_data=data)

    tls, signs_in = rules.get("tls"), "user" in rules
    handler = Handler(rules)

    def server():
        return SMTP(
            handler,
            hostname=HOST,
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=known if signs_in else None,
            auth_required=signs_in,
            auth_require_tls=False,
        )

    loop = asyncio.get_running_loop()
    wrapper = context if tls == "wrapper" else None
    listening = await loop.create_server(server, HOST, 0, ssl=wrapper)
    port = listening.sockets[0].getsockname()[1]
    pem = authority.cert_pem.bytes().decode()
    print(json.dumps({"port": port, "authority": pem}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listening.close()


asyncio.run(main())
