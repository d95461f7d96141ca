-- Ways for the pages to what has grown long: the cases of a conversation, cases by their code, and the
-- incidents that are open.

CREATE INDEX alerts_conversation ON alerts (conversation_id, id);
CREATE INDEX alerts_code ON alerts (code);
CREATE INDEX incidents_open ON incidents (id) WHERE closed_at IS NULL;
