-- Rebuilds that are under way: each makes new tables in a schema of its own, from the log alone. A row goes when the
-- schema has taken the place of the live one, or is dropped.
CREATE TABLE projection_rebuilds (
    -- The schema that is being filled.
    schema text PRIMARY KEY,
    name text NOT NULL,
    -- The version of the code that fills it.
    version integer NOT NULL,
    -- The passes go through the log up to here; what came later is applied after them, in order.
    target bigint NOT NULL,
    -- How many events the passes have to apply, for telling how much is left.
    events bigint NOT NULL,
    -- The pass that is under way, from 0; one more than there are when only later events are left.
    pass integer NOT NULL DEFAULT 0,
    -- Why it stopped; as in projection_checkpoints, no personal data and no text of a post.
    error text,
    started_at timestamptz NOT NULL DEFAULT now()
);

-- How far each of the workers that share a rebuild is. A row moves in the transaction that changes the tables.
CREATE TABLE projection_rebuild_parts (
    schema text NOT NULL REFERENCES projection_rebuilds ON DELETE CASCADE,
    part integer NOT NULL,
    -- The last event of this part that was applied in the present pass.
    position bigint NOT NULL DEFAULT 0,
    -- How many events were applied in all passes so far.
    applied bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (schema, part)
)
-- Written for every batch: room on the page keeps these updates off the index.
WITH (fillfactor = 50);

-- How many events a projection ever applied, so that two looks give its rate.
ALTER TABLE projection_checkpoints ADD COLUMN applied bigint NOT NULL DEFAULT 0;
