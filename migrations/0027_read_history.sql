CREATE SCHEMA read_history;

-- Who did what to a stage, when: an entry an event.
CREATE TABLE read_history.entries (
    position bigint PRIMARY KEY,
    stage_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    -- The account that asked for it; NULL where the program did it by itself.
    by uuid,
    stream_type text NOT NULL,
    stream_id uuid NOT NULL,
    detail jsonb NOT NULL
);
CREATE INDEX entries_by_stage ON read_history.entries (stage_id, position DESC);

-- The stage of each source: only the first event of a source names it.
CREATE TABLE read_history.sources (
    id uuid PRIMARY KEY,
    stage_id uuid NOT NULL
);
