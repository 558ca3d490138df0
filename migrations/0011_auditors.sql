-- Who may read the log from outside. `token` is the SHA-256 of what the auditor holds, and goes when it is revoked;
-- the row stays, because events name their reader by its id. `label` is whatever the operator tells them apart by.
CREATE TABLE auditors (
    id         uuid PRIMARY KEY,
    label      text NOT NULL,
    token      bytea UNIQUE,
    personal   boolean NOT NULL,
    added_at   timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK ((token IS NULL) = (revoked_at IS NOT NULL))
);
