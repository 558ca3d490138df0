-- The one exception from "events are never changed": a payload may be emptied when its digest stays (0003) and an event
-- of the same stream tells of it. `redact_events` does all of it; the triggers refuse everything else.

-- Empties the payloads of these events of one stream, keeps their digests, and appends the event that tells of it as
-- number `next`. Gives its position.
CREATE FUNCTION redact_events(stream_type text, stream_id text, sequences bigint[], digests bytea[],
    next bigint, telling_type text, telling_version text, telling json, told json)
    RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
    told_at bigint;
    emptied bigint;
BEGIN
    INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
    VALUES (stream_type, stream_id, next, telling_type, telling_version, telling, told)
    RETURNING position INTO told_at;
    PERFORM set_config('stage.redacting', 'on', true);
    UPDATE events SET payload = '{}', redacted_digest = kept.digest
    FROM unnest(sequences, digests) AS kept (sequence, digest)
    WHERE aggregate_type = stream_type AND aggregate_id = stream_id AND events.sequence = kept.sequence;
    GET DIAGNOSTICS emptied = ROW_COUNT;
    PERFORM set_config('stage.redacting', 'off', true);
    IF emptied <> cardinality(sequences) THEN
        RAISE EXCEPTION 'not every event to redact is there' USING ERRCODE = 'no_data_found';
    END IF;
    RETURN told_at;
END
$$;

CREATE OR REPLACE FUNCTION events_never_change() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    -- What the row looks like is checked by events_only_redacted.
    IF TG_OP = 'UPDATE' AND current_setting('stage.redacting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'events are never changed: % refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Append an event that says what is true now.';
END
$$;

-- Row by row: nothing but the payload goes, a digest comes in its place, once, and a later event tells of it.
CREATE FUNCTION events_only_redacted() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF OLD.redacted_digest IS NULL AND NEW.redacted_digest IS NOT NULL AND NEW.payload::text = '{}'
        AND (NEW.aggregate_type, NEW.aggregate_id, NEW.sequence, NEW.event_type, NEW.event_version,
             NEW.metadata::text, NEW.position, NEW.recorded_at)
          = (OLD.aggregate_type, OLD.aggregate_id, OLD.sequence, OLD.event_type, OLD.event_version,
             OLD.metadata::text, OLD.position, OLD.recorded_at)
        AND EXISTS (SELECT FROM events telling
                    WHERE telling.aggregate_type = OLD.aggregate_type AND telling.aggregate_id = OLD.aggregate_id
                      AND telling.sequence > OLD.sequence AND telling.event_type = 'PostRedacted')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'events are never changed: only a redaction that is told of may empty a payload'
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER events_only_redacted
    BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION events_only_redacted();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_only_redacted;
