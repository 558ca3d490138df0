-- What a person asked for about their data: a restriction and objections.
ALTER TABLE read_accounts.accounts
    ADD COLUMN restricted_at timestamptz,
    ADD COLUMN objections jsonb NOT NULL DEFAULT '[]';

-- Accounts whose data is kept and not used. Their stages are there, but no reader sees them.
CREATE TABLE read_stages.restricted (
    owner uuid PRIMARY KEY
);
