-- What only one owner can have. `key` never holds what it stands for where that is personal: an e-mail address is
-- kept as its keyed hash.
CREATE TABLE claims
(
    kind  text COLLATE "C" NOT NULL,
    key   bytea            NOT NULL,
    owner uuid             NOT NULL,
    CONSTRAINT claims_pkey PRIMARY KEY (kind, key)
);

CREATE INDEX claims_owner ON claims (owner);

-- A person's own key, wrapped by the master key that `master` names. To delete the row is to erase everything
-- personal about this person, wherever it was copied to.
CREATE TABLE subject_keys
(
    subject    uuid        NOT NULL,
    wrapped    bytea       NOT NULL,
    master     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT subject_keys_pkey PRIMARY KEY (subject)
);

-- Keys of the installation as a whole: `lookup` makes the keyed hashes of claims.
CREATE TABLE installation_keys
(
    name       text        NOT NULL,
    wrapped    bytea       NOT NULL,
    master     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT installation_keys_pkey PRIMARY KEY (name)
);
