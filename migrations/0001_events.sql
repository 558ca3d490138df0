-- The event log. The first seven columns are those of postgres-es 0.5, whose SQL names exactly them; the others
-- fill themselves.

-- CACHE 1: a session that kept numbers in reserve would hand one out before it holds the lock of `next_position`.
CREATE SEQUENCE event_position CACHE 1;

-- The next position. The shared lock is taken before the number and is let go after the row can be seen, so who
-- waits for the holders of the lock knows what became of every number that was handed out before (see
-- docs/decisions/0001-order-of-the-log.md). The two numbers are NAMESPACE and APPEND in store/src/locks.rs.
-- One expression, so that PostgreSQL writes it into the INSERT instead of calling a function a row.
CREATE FUNCTION next_position() RETURNS bigint LANGUAGE sql VOLATILE
    RETURN CASE WHEN pg_advisory_xact_lock_shared(1400136039, 1) IS NOT NULL THEN nextval('event_position') END;

CREATE TABLE events
(
    aggregate_type text COLLATE "C"             NOT NULL,
    aggregate_id   text COLLATE "C"             NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    position       bigint                       NOT NULL DEFAULT next_position(),
    recorded_at    timestamptz                  NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT events_pkey PRIMARY KEY (aggregate_type, aggregate_id, sequence),
    CONSTRAINT events_position_key UNIQUE (position)
);

ALTER SEQUENCE event_position OWNED BY events.position;

CREATE FUNCTION events_never_change() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    RAISE EXCEPTION 'events are never changed: % refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Append an event that says what is true now.';
END
$$;

CREATE TRIGGER events_never_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_never_change();

-- Also where a session asks for no triggers, as a replica's does.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change;
