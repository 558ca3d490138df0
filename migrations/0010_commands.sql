-- Rows of the room `commands`: what makes commands safe, and what may be deleted.

-- A password's hash (argon2id, PHC string), sealed under the key of the person whose it is.
CREATE TABLE credentials (
    account_id uuid PRIMARY KEY,
    password   bytea NOT NULL,
    changed_at timestamptz NOT NULL
);

-- A session of the dashboard. `token` is the SHA-256 of what the browser holds.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    token        bytea NOT NULL UNIQUE,
    account_id   uuid NOT NULL,
    begun_at     timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_of_account ON sessions (account_id, begun_at);

-- What a command with an Idempotency-Key answered. `key` and `fingerprint` are keyed hashes: neither the
-- client's key nor the request can be read back.
CREATE TABLE idempotency_keys (
    key         bytea PRIMARY KEY,
    fingerprint bytea NOT NULL,
    answer      jsonb NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Which uploaded file belongs to which open stage. A file without a row is not shown to anybody.
CREATE TABLE media (
    id       uuid PRIMARY KEY,
    stage_id uuid NOT NULL
);
CREATE INDEX media_of_stage ON media (stage_id);

-- When each linked source is polled next. A worker holds a due poll until `held_until`.
CREATE TABLE poll_schedule (
    source_id        uuid PRIMARY KEY,
    stage_id         uuid NOT NULL,
    interval_minutes integer NOT NULL CHECK (interval_minutes > 0),
    paused           boolean NOT NULL DEFAULT false,
    due_at           timestamptz NOT NULL,
    taken_at         timestamptz,
    held_until       timestamptz,
    polled_at        timestamptz,
    failures         integer NOT NULL DEFAULT 0
);
CREATE INDEX poll_schedule_due ON poll_schedule (due_at) WHERE NOT paused;
CREATE INDEX poll_schedule_of_stage ON poll_schedule (stage_id);
