-- Entries of the audit log that wait for their places in the chain.
CREATE INDEX audit_log_waiting ON audit_log (id) WHERE seq IS NULL;
