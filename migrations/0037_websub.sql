-- How far a WebSub hub was told which feeds changed: the highest heads of the read models that it heard of. It lies in the
-- outbox and not in a read model, because to forget it would be to tell everything again.
CREATE TABLE outbox.hubs (
    hub    text PRIMARY KEY,
    stages bigint NOT NULL,
    feed   bigint NOT NULL
);
