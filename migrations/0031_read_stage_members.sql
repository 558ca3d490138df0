-- The team of each stage.
CREATE TABLE read_stages.members (
    stage_id   uuid NOT NULL,
    account_id uuid NOT NULL,
    role       text NOT NULL,
    -- Where in the log they joined: the order in which members are shown.
    position   bigint NOT NULL,
    since      timestamptz NOT NULL,
    PRIMARY KEY (stage_id, account_id)
);
CREATE INDEX members_by_account ON read_stages.members (account_id);

-- Until now a stage's only member was whoever created it. The rebuild that the projection's new version brings makes
-- these rows too; here they serve until it is done.
INSERT INTO read_stages.members (stage_id, account_id, role, position, since)
SELECT id, owner, 'owner', position, created_at FROM read_stages.stages;
