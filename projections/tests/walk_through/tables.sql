CREATE SCHEMA read_languages;

CREATE TABLE read_languages.languages (
    stage_id uuid NOT NULL,
    language text NOT NULL,
    posts bigint NOT NULL,
    PRIMARY KEY (stage_id, language)
);
