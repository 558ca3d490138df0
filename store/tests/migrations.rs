//! What a migration may not do while programs serve: see migrations/README.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeSet, fs};

/// They came before the first release, when no such table was large.
const BEFORE_THE_FIRST_RELEASE: [&str; 2] = ["0012_rights.sql", "0026_public_changes.sql"];

#[derive(Debug, Default, PartialEq, Eq)]
struct Made {
    indexes: usize,
    /// Tables of before into which nobody can write until their index is made.
    stopped: Vec<String>,
}

/// The indexes that a file makes by themselves; a new table's own are part of it.
fn made(sql: &str) -> Made {
    let statements = statements(sql);
    let alone = statements.len() == 1 && sql.starts_with("-- no-transaction");
    let (mut made, mut fresh) = (Made::default(), BTreeSet::new());
    for statement in &statements {
        let filler = ["if", "not", "exists", "only", "unlogged"];
        let words: Vec<&str> =
            statement.iter().map(String::as_str).filter(|word| !filler.contains(word)).collect();
        let table = match words[..] {
            ["create", "table", table, ..] => {
                fresh.insert(table);
                continue;
            }
            ["create", "index", ..] | ["create", "unique", "index", ..] => {
                let on = words.iter().position(|word| *word == "on").unwrap();
                words[on + 1]
            }
            ["alter", "table", table, ..] if adds_an_index(&words) => table,
            _ => continue,
        };
        made.indexes += 1;
        let aside = alone && words.contains(&"concurrently");
        if !aside && !fresh.contains(table) {
            made.stopped.push(table.to_owned());
        }
    }
    made
}

fn adds_an_index(words: &[&str]) -> bool {
    let has = |these: &[&str]| words.windows(these.len()).any(|window| window == these);
    let constraint = has(&["unique"]) || has(&["primary", "key"]) || has(&["exclude"]);
    has(&["add"]) && constraint && !has(&["using", "index"])
}

/// The words of each statement, in lower case.
fn statements(sql: &str) -> Vec<Vec<String>> {
    let bare: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap()).collect();
    let bare = bare.join("\n").to_lowercase().replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
    let words = bare.split(';').map(|statement| statement.split_whitespace().map(str::to_owned).collect());
    words.filter(|words: &Vec<String>| !words.is_empty()).collect()
}

#[test]
fn no_migration_makes_an_index_on_a_table_that_may_be_large_already() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
    let mut indexes = 0;
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|kind| kind == "sql")) {
        let made = made(&fs::read_to_string(&file).unwrap());
        let name = file.file_name().unwrap().to_str().unwrap();
        indexes += made.indexes;
        assert!(
            made.stopped.is_empty() || BEFORE_THE_FIRST_RELEASE.contains(&name),
            "{name} stops whoever writes into {:?} until its index is made: see migrations/README.md",
            made.stopped
        );
    }
    assert!(indexes > 30, "{indexes} are all there are");
}

#[test]
fn an_index_is_seen_however_it_is_written() {
    for sql in [
        "CREATE INDEX a ON posts (id);",
        "create unique index if not exists a\n    on only posts(id);",
        "CREATE TABLE posts_of_before (id uuid); CREATE INDEX a ON posts (id);",
        "-- CREATE TABLE posts (\nCREATE INDEX ON posts (id)",
        "ALTER TABLE posts ADD CONSTRAINT a UNIQUE (id);",
        "alter table only posts add primary key (id);",
        "ALTER TABLE posts ADD COLUMN code text UNIQUE, ADD COLUMN other text;",
        "ALTER TABLE posts ADD EXCLUDE USING gist (during WITH &&);",
        "CREATE INDEX CONCURRENTLY a ON posts (id);",
        "-- no-transaction\nSELECT 1; CREATE INDEX CONCURRENTLY a ON posts (id);",
        "-- no-transaction\nCREATE INDEX a ON posts (id);",
    ] {
        assert_eq!(made(sql), Made { indexes: 1, stopped: vec!["posts".to_owned()] }, "{sql}");
    }
}

#[test]
fn an_index_that_stops_nobody_may_be_made() {
    for (indexes, sql) in [
        (1, "CREATE TABLE posts (id uuid); CREATE INDEX a ON posts (id);"),
        (1, "create unlogged table if not exists posts(id uuid); ALTER TABLE posts ADD UNIQUE (id);"),
        (1, "-- no-transaction\n-- Why.\nCREATE UNIQUE INDEX CONCURRENTLY a ON posts (id);\n"),
        (0, "ALTER TABLE posts ADD CONSTRAINT a UNIQUE USING INDEX b;"),
        (0, "ALTER TABLE posts ADD COLUMN code text;"),
    ] {
        assert_eq!(made(sql), Made { indexes, stopped: vec![] }, "{sql}");
    }
}
