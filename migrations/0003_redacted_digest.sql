-- Room for what is left of a payload that was redacted: the SHA-256 of its RFC 8785 form, which the event's leaf in
-- the Merkle tree is made from (docs/audit.md). Only a redaction sets it, in the statement that empties the payload, so
-- that proofs still verify. `stage_store::proof::digest` computes it; SQL can't.
ALTER TABLE events
    ADD COLUMN redacted_digest bytea,
    ADD CONSTRAINT events_redacted_or_whole
        CHECK (redacted_digest IS NULL OR (octet_length(redacted_digest) = 32 AND payload::text = '{}'));
