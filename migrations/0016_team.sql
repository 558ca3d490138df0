-- Who belongs to which open stage, and as what. The log says the same; this is how the stages of a person are found.
CREATE TABLE stage_members (
    stage_id   uuid NOT NULL,
    account_id uuid NOT NULL,
    role       text NOT NULL CHECK (role IN ('owner', 'editor', 'moderator')),
    PRIMARY KEY (stage_id, account_id)
);
CREATE INDEX stage_members_of_account ON stage_members (account_id);

-- Those that were there before this table: whoever created a stage is its only member.
INSERT INTO stage_members (stage_id, account_id, role)
SELECT created.aggregate_id::uuid, (created.payload -> 'StageCreated' ->> 'owner')::uuid, 'owner'
FROM events created
WHERE created.aggregate_type = 'stage' AND created.event_type = 'StageCreated'
  AND NOT EXISTS (SELECT FROM events closed
                  WHERE closed.aggregate_type = 'stage' AND closed.aggregate_id = created.aggregate_id
                    AND closed.event_type = 'StageClosed');

-- Open invitations. `email` is sealed under a key of the invitation's own (`subject_keys`, under the invitation's id),
-- which goes with the row: when the invitation is accepted, withdrawn or expired, or its stage is closed.
CREATE TABLE invitations (
    id         uuid PRIMARY KEY,
    stage_id   uuid NOT NULL,
    invited_by uuid NOT NULL,
    email      bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX invitations_of_stage ON invitations (stage_id);
CREATE INDEX invitations_by_end ON invitations (expires_at);
