-- Whether the person showed that mails at the account's address reach them.
ALTER TABLE read_accounts.accounts ADD COLUMN email_verified boolean NOT NULL DEFAULT false;

-- What is sent outward. The outbox is fed from the log like a read model, each batch with its checkpoint, but it is
-- none: to build it anew would be to send everything again. So it lies outside the schemas `read_…`, which can be thrown
-- away, and is not in the engine's list of what can be rebuilt.
CREATE SCHEMA outbox;

-- A delivery says where in the log the news is, and about whom; it never holds the news itself. What is sent is read
-- from the log at the moment of sending, so that an erasure or a correction counts at once.
CREATE TABLE outbox.deliveries (
    -- Made of recipient, position and part (UUIDv5): the idempotency key that goes with every try.
    id           uuid PRIMARY KEY,
    -- The order of sending.
    number       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    recipient    text NOT NULL,
    -- What keeps its order: a later delivery waits for an earlier one of its lane alone.
    lane         text NOT NULL,
    kind         text NOT NULL,
    -- The event that it tells of; NULL for what is not in the log, such as a projection that stopped.
    position     bigint,
    -- The person whom it has to do with, when there is one.
    about        uuid,
    -- The person whose data it discloses, when there is one.
    subject      uuid,
    -- What is not in the log and not about a person: which projection stopped, and where.
    detail       jsonb,
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'withheld', 'dead', 'dropped')),
    tries        integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    settled_at   timestamptz,
    -- A code of ours for what went wrong, or why it was withheld or dropped. Never what the other side said.
    reason       text,
    CHECK ((state = 'waiting') = (settled_at IS NULL))
);
CREATE INDEX deliveries_waiting ON outbox.deliveries (recipient, lane, number) WHERE state = 'waiting';
CREATE INDEX deliveries_of_subject ON outbox.deliveries (subject, recipient) WHERE subject IS NOT NULL;
CREATE INDEX deliveries_settled ON outbox.deliveries (settled_at) WHERE settled_at IS NOT NULL;

-- Who was told something about whom, for telling them of a correction or an erasure. The row goes when the recipient was
-- told of the erasure.
CREATE TABLE outbox.disclosures (
    recipient text NOT NULL,
    subject   uuid NOT NULL,
    first_at  timestamptz NOT NULL,
    last_at   timestamptz NOT NULL,
    PRIMARY KEY (recipient, subject)
);
