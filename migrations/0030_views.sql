-- How often posts and stages were viewed. Numbers per id, and per id and day: nothing about who looked, and no
-- time finer than a day. See docs/decisions/0030-views-are-counted-from-journals.md.

CREATE SCHEMA read_views;

CREATE TABLE read_views.view_totals (
    kind  text   NOT NULL CHECK (kind IN ('post', 'stage')),
    id    uuid   NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (kind, id)
);

-- The day is the day of the view in UTC, also when it is counted later.
CREATE TABLE read_views.view_days (
    kind  text   NOT NULL CHECK (kind IN ('post', 'stage')),
    id    uuid   NOT NULL,
    day   date   NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (kind, id, day)
);

-- How many records of each journal are counted: written in the transaction that counts them, and nowhere else.
CREATE TABLE read_views.view_journals (
    journal     uuid        PRIMARY KEY,
    counted_to  bigint      NOT NULL DEFAULT 0 CHECK (counted_to >= 0),
    -- When the journal's file was deleted, being counted to its end. Only then may the row go, some days later.
    finished_at timestamptz
);

-- A count that went down would be a view that somebody took back. Rows of posts that are gone stay: their ids are
-- random numbers and are never used again.
CREATE FUNCTION read_views.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'view counts only rise' USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER view_totals_only_rise BEFORE UPDATE ON read_views.view_totals FOR EACH ROW
    WHEN (NEW.count < OLD.count OR (NEW.kind, NEW.id) IS DISTINCT FROM (OLD.kind, OLD.id))
    EXECUTE FUNCTION read_views.refuse();
CREATE TRIGGER view_totals_stay BEFORE DELETE OR TRUNCATE ON read_views.view_totals FOR EACH STATEMENT
    EXECUTE FUNCTION read_views.refuse();

CREATE TRIGGER view_days_only_rise BEFORE UPDATE ON read_views.view_days FOR EACH ROW
    WHEN (NEW.count < OLD.count OR (NEW.kind, NEW.id, NEW.day) IS DISTINCT FROM (OLD.kind, OLD.id, OLD.day))
    EXECUTE FUNCTION read_views.refuse();
CREATE TRIGGER view_days_stay BEFORE DELETE OR TRUNCATE ON read_views.view_days FOR EACH STATEMENT
    EXECUTE FUNCTION read_views.refuse();

-- A journal's position that went back, or a row that went while its journal is still there, would count twice.
CREATE TRIGGER view_journals_only_rise BEFORE UPDATE ON read_views.view_journals FOR EACH ROW
    WHEN (NEW.counted_to < OLD.counted_to OR NEW.journal IS DISTINCT FROM OLD.journal)
    EXECUTE FUNCTION read_views.refuse();
CREATE TRIGGER view_journals_stay_until_finished BEFORE DELETE ON read_views.view_journals FOR EACH ROW
    WHEN (OLD.finished_at IS NULL) EXECUTE FUNCTION read_views.refuse();
CREATE TRIGGER view_journals_stay BEFORE TRUNCATE ON read_views.view_journals FOR EACH STATEMENT
    EXECUTE FUNCTION read_views.refuse();
