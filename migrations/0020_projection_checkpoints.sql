-- How far each projection is. A row moves in the transaction that changes the projection's tables, so that
-- the two never disagree.
CREATE TABLE projection_checkpoints (
    name text PRIMARY KEY,
    -- The version of the code that made the tables; another version must rebuild them.
    version integer NOT NULL,
    -- The last event that was applied.
    position bigint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'failed')),
    -- Where and why it stopped. Never holds personal data or the text of a post.
    failed_position bigint,
    error text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'failed') = (failed_position IS NOT NULL AND error IS NOT NULL))
)
-- Written for every batch: room on the page keeps these updates off the index.
WITH (fillfactor = 50);
