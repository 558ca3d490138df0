-- The Merkle tree over the log (RFC 6962), and the checkpoints that the notary signed. Rows are appended, never changed.

-- Leaves as the notary took them up, a row a step: `hashes` holds 32 bytes for each of `positions`. The first leaf of
-- the tree has the number 0. Positions have gaps, so a leaf's number does not follow from its position.
CREATE TABLE tree_leaves
(
    first     bigint   NOT NULL CHECK (first >= 0),
    positions bigint[] NOT NULL,
    hashes    bytea    NOT NULL CHECK (octet_length(hashes) = 32 * cardinality(positions) AND hashes <> ''),
    CONSTRAINT tree_leaves_pkey PRIMARY KEY (first)
);

-- To find the leaf of a position.
CREATE INDEX tree_leaves_by_position ON tree_leaves ((positions[1]));

-- Hashes of complete subtrees of 2^level leaves, for the levels 8, 16, 24, …; those in between are worked out.
CREATE TABLE tree_nodes
(
    level smallint NOT NULL CHECK (level > 0 AND level % 8 = 0),
    n     bigint   NOT NULL CHECK (n >= 0),
    hash  bytea    NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT tree_nodes_pkey PRIMARY KEY (level, n)
);

-- A tree head, signed: `note` is what counts (C2SP tlog-checkpoint in a signed note); the other columns say what it
-- says, to find it by, and which event was the last.
CREATE TABLE checkpoints
(
    size      bigint      NOT NULL CHECK (size > 0),
    position  bigint      NOT NULL,
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL,
    CONSTRAINT checkpoints_pkey PRIMARY KEY (size)
);

CREATE FUNCTION proofs_never_change() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    RAISE EXCEPTION '% is never changed: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER tree_leaves_never_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON tree_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION proofs_never_change();
CREATE TRIGGER tree_nodes_never_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON tree_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION proofs_never_change();
CREATE TRIGGER checkpoints_never_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION proofs_never_change();

-- Also where a session asks for no triggers, as a replica's does.
ALTER TABLE tree_leaves ENABLE ALWAYS TRIGGER tree_leaves_never_change;
ALTER TABLE tree_nodes ENABLE ALWAYS TRIGGER tree_nodes_never_change;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_never_change;
