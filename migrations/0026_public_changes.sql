-- What mirrors and caches need to know: where in the log each post, and each stage, last changed.

-- The position of the last event of the post itself. Rows of the projection's version 1 keep 0; version 2 is built anew.
ALTER TABLE read_feed.posts ADD COLUMN position bigint NOT NULL DEFAULT 0;
CREATE INDEX posts_by_change ON read_feed.posts (stage_id, position, id);

-- Where in the log the source was unlinked or the stage closed: posts imported before that were shown once.
ALTER TABLE read_feed.gone ADD COLUMN position bigint NOT NULL DEFAULT 0;

-- Posts that were shown once and are no more, because their source was unlinked. They go with their stage.
CREATE TABLE read_feed.withdrawn (
    id uuid PRIMARY KEY,
    stage_id uuid NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX withdrawn_by_change ON read_feed.withdrawn (stage_id, position, id);

-- One row a stage: the position of the last event that changed what this read model shows of it. A row moves in the
-- transaction that changes the tables, so whoever sees no row move has missed nothing.
CREATE TABLE read_feed.heads (
    stage_id uuid PRIMARY KEY,
    position bigint NOT NULL,
    -- The last event that changed the stage's topics, and with them, perhaps, the assignment of any post.
    topics bigint NOT NULL DEFAULT 0
);
CREATE INDEX heads_by_position ON read_feed.heads (position);

-- An account has one too, under its own id: it moves when its stages are not to be shown, or again.
CREATE TABLE read_stages.heads (
    stage_id uuid PRIMARY KEY,
    position bigint NOT NULL
);
CREATE INDEX heads_by_position ON read_stages.heads (position);
