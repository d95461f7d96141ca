-- Ways for the pages to what has grown long: the cases of a conversation, and cases by their code.

CREATE INDEX alerts_conversation ON alerts (conversation_id, id);
CREATE INDEX alerts_code ON alerts (code);
