-- Which stages an account has. A closed stage's row stays until its files are gone from the object store, so that who
-- crashed in between finds what is left to do.
CREATE TABLE stage_owners (
    stage_id  uuid PRIMARY KEY,
    owner     uuid NOT NULL,
    closed_at timestamptz
);
CREATE INDEX stages_of_owner ON stage_owners (owner);
CREATE INDEX stages_with_files_left ON stage_owners (closed_at) WHERE closed_at IS NOT NULL;

-- Those that were there before this table; the others come with their events.
INSERT INTO stage_owners (stage_id, owner)
SELECT created.aggregate_id::uuid, (created.payload -> 'StageCreated' ->> 'owner')::uuid
FROM events created
WHERE created.aggregate_type = 'stage' AND created.event_type = 'StageCreated'
  AND NOT EXISTS (SELECT FROM events closed
                  WHERE closed.aggregate_type = 'stage' AND closed.aggregate_id = created.aggregate_id
                    AND closed.event_type = 'StageClosed');

-- Accounts whose data is kept and not used: their sources are not polled and their files are not shown. Once the end
-- of the restriction is asked for, `lift_after` is the position of the event that says so.
CREATE TABLE restrictions (
    account_id uuid PRIMARY KEY,
    lift_after bigint
);

-- So that an erasure finds a person's answers.
ALTER TABLE idempotency_keys ADD COLUMN account_id uuid;
CREATE INDEX idempotency_keys_of_account ON idempotency_keys (account_id);

-- Erasures, and how far they are. What remains of an account is in here: a random number, times and counts.
CREATE TABLE erasures (
    account_id  uuid PRIMARY KEY,
    -- Of the event AccountErased, in whose transaction the key was destroyed.
    position    bigint NOT NULL,
    erased_at   timestamptz NOT NULL,
    stages      integer NOT NULL DEFAULT 0,
    files       integer NOT NULL DEFAULT 0,
    finished_at timestamptz,
    -- Signed when all is done.
    receipt     text,
    CHECK ((finished_at IS NULL) = (receipt IS NULL))
);
CREATE INDEX erasures_under_way ON erasures (erased_at) WHERE finished_at IS NULL;
