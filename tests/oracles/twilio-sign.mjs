// Signatures of hooks and TwiML, by Twilio's own library (npm twilio, MIT).
//
// In:  {"token":"…","url":"https://…","params":{"Body":"hi","Digits":["1","2"]}} a line.
//      A repeated field is an array. A GET, or a request with bodySHA256, has "params":{}.
// Out: {"signature":"…"} a line, in the same order: the X-Twilio-Signature of that request.
//      With "signature" in the input, also "valid":true|false, by validateRequest.
//
// In:  {"body":"…"|null,"url":"…"|null} a line: a text in the response to a hook, and where its receipts go.
// Out: {"xml":"…"}
//
// Run: npm install --no-package-lock --prefix tests/oracles
//      echo '{"token":"t","url":"https://example.org/","params":{}}' | node tests/oracles/twilio-sign.mjs

import { createInterface } from 'node:readline';
import twilio from 'twilio';

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { token, url, params, signature, body } = JSON.parse(line);
  if (body !== undefined) {
    const response = new twilio.twiml.MessagingResponse();
    if (body !== null) response.message(url === null ? {} : { action: url, statusCallback: url }, body);
    process.stdout.write(JSON.stringify({ xml: response.toString() }) + '\n');
    continue;
  }
  const answer = { signature: twilio.getExpectedTwilioSignature(token, url, params) };
  if (signature !== undefined) answer.valid = twilio.validateRequest(token, signature, url, params);
  process.stdout.write(JSON.stringify(answer) + '\n');
}
