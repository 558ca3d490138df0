CREATE SCHEMA read_stages;

CREATE TABLE read_stages.stages (
    id uuid PRIMARY KEY,
    -- Where in the log it was created: the order in which stages are shown.
    position bigint NOT NULL,
    owner uuid NOT NULL,
    name text NOT NULL,
    handle text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX stages_by_owner ON read_stages.stages (owner, position);
-- Not unique: the claims in the log see to that, and two renames in one batch may cross.
CREATE INDEX stages_by_handle ON read_stages.stages (handle);

CREATE TABLE read_stages.topics (
    id uuid PRIMARY KEY,
    position bigint NOT NULL,
    stage_id uuid NOT NULL,
    name text NOT NULL,
    rules jsonb NOT NULL
);
CREATE INDEX topics_by_stage ON read_stages.topics (stage_id, position);

CREATE TABLE read_stages.sources (
    id uuid PRIMARY KEY,
    position bigint NOT NULL,
    stage_id uuid NOT NULL,
    network text NOT NULL,
    address text NOT NULL,
    title text,
    interval_minutes integer NOT NULL,
    paused boolean NOT NULL,
    linked_at timestamptz NOT NULL,
    last_import_at timestamptz,
    imported bigint NOT NULL,
    failure jsonb,
    failing_since timestamptz,
    version bigint NOT NULL
);
CREATE INDEX sources_by_stage ON read_stages.sources (stage_id, position);
