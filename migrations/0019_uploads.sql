-- Files on their way into the object store: noted before they are written, and forgotten in the transaction of the event that
-- names them. One that stays belongs to an upload that came to nothing.
CREATE TABLE uploads (
    id       uuid PRIMARY KEY,
    stage_id uuid NOT NULL,
    begun_at timestamptz NOT NULL
);
CREATE INDEX uploads_by_age ON uploads (begun_at);
CREATE INDEX uploads_of_stage ON uploads (stage_id);
