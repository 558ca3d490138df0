-- A second factor: the secret of a person's authenticator app (RFC 6238), sealed under their key.
CREATE TABLE second_factors (
    account_id   uuid PRIMARY KEY,
    secret       bytea NOT NULL,
    begun_at     timestamptz NOT NULL,
    -- NULL until a code showed that the app has the secret.
    enabled_at   timestamptz,
    -- The step of the last code that was accepted: neither it nor one before it counts again.
    last_step    bigint,
    -- Codes that were wrong, in a row, and when the first of them came.
    failures     integer NOT NULL DEFAULT 0,
    failing_from timestamptz
);
CREATE INDEX second_factors_begun ON second_factors (begun_at) WHERE enabled_at IS NULL;

-- Each counts once. `code` is a keyed hash.
CREATE TABLE recovery_codes (
    account_id uuid  NOT NULL,
    code       bytea NOT NULL,
    PRIMARY KEY (account_id, code)
);
