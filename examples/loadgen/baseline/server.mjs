// The baseline: what a small team writes in an afternoon. Verifies the signature of a Twilio hook, stores the
// text durably with one insert, answers. Nothing else of the job, not even a look for duplicates.
//
// PORT (0: any), TWILIO_AUTH_TOKEN, PUBLIC_URL and DATABASE come from the environment. Like our servers under
// load it listens on loopback only and says its address on the first line, when it is ready.

import Database from 'better-sqlite3';
import express from 'express';
import twilio from 'twilio';

const { PORT, TWILIO_AUTH_TOKEN, PUBLIC_URL, DATABASE } = process.env;

const database = new Database(DATABASE);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec(`CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  sid TEXT NOT NULL,
  sender TEXT NOT NULL,
  body TEXT NOT NULL,
  received_at INTEGER NOT NULL
)`);
const insert = database.prepare(
  'INSERT INTO messages (sid, sender, body, received_at) VALUES (?, ?, ?, ?)',
);

const app = express();
app.use(express.urlencoded({ extended: false }));
app.post('/hooks/main/inbound', (request, response) => {
  const signature = request.get('x-twilio-signature') ?? '';
  const url = PUBLIC_URL + request.originalUrl;
  if (!twilio.validateRequest(TWILIO_AUTH_TOKEN, signature, url, request.body)) {
    response.sendStatus(403);
    return;
  }
  const { MessageSid, From, Body } = request.body;
  insert.run(MessageSid, From, Body, Date.now());
  response.type('text/xml').send('<Response/>');
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`127.0.0.1:${server.address().port}`);
});
