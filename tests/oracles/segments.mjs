// What texts cost, by Twilio's own calculator (npm sms-segments-calculator, MIT).
//
// In:  one JSON string a line.
// Out: {"encoding":"GSM-7"|"UCS-2","segments":1,"units":5} a line, in the same order.
//
// The calculator differs from the standard in two ways, both visible in the answer:
// - "units" of UCS-2 are graphemes, and are left out here;
// - it keeps a grapheme of several characters (a flag, a family, a letter with a combining
//   accent) in one part. Such texts are marked "graphemes":true: compare only the encoding.
//
// Run: npm install --no-package-lock --prefix tests/oracles
//      printf '"Hello"\n' | node tests/oracles/segments.mjs

import { createInterface } from 'node:readline';
import calculator from 'sms-segments-calculator';

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const message = new calculator.SegmentedMessage(JSON.parse(line), 'auto', false);
  const answer = { encoding: message.encodingName, segments: message.segments.length };
  if (answer.encoding === 'GSM-7') answer.units = message.numberOfCharacters;
  if (message.graphemes.some((grapheme) => [...grapheme].length > 1)) answer.graphemes = true;
  process.stdout.write(JSON.stringify(answer) + '\n');
}
