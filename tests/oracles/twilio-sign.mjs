// Signatures of hooks, by Twilio's own library (npm twilio, MIT).
//
// In:  {"token":"…","url":"https://…","params":{"Body":"hi","Digits":["1","2"]}} a line.
//      A repeated field is an array. A GET, or a request with bodySHA256, has "params":{}.
// Out: {"signature":"…"} a line, in the same order: the X-Twilio-Signature of that request.
//      With "signature" in the input, also "valid":true|false, by validateRequest.
//
// Run: npm install --no-package-lock --prefix tests/oracles
//      echo '{"token":"t","url":"https://example.org/","params":{}}' | node tests/oracles/twilio-sign.mjs

import { createInterface } from 'node:readline';
import twilio from 'twilio';

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { token, url, params, signature } = JSON.parse(line);
  const answer = { signature: twilio.getExpectedTwilioSignature(token, url, params) };
  if (signature !== undefined) answer.valid = twilio.validateRequest(token, signature, url, params);
  process.stdout.write(JSON.stringify(answer) + '\n');
}
