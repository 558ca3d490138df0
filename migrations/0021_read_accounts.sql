-- Each projection owns one schema. Its code names tables without the schema, so that a rebuild can run
-- the same code on shadow tables; that is also why no table refers to another by a foreign key.
CREATE SCHEMA read_accounts;

CREATE TABLE read_accounts.accounts (
    id uuid PRIMARY KEY,
    -- Personal values as the log has them: sealed, opened on reading.
    first_name jsonb NOT NULL,
    last_name jsonb NOT NULL,
    email jsonb NOT NULL,
    phone jsonb,
    language text NOT NULL,
    registered_at timestamptz NOT NULL,
    last_login_at timestamptz,
    version bigint NOT NULL
);
