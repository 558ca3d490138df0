//! The directions between rooms, and what each may touch, as DESIGN.md §2 draws them.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Each room, and the rooms it may know. An arrow that is not here is a decision, not a slip.
const ARROWS: &[(&str, &[&str])] = &[
    ("stage-domain", &[]),
    ("stage-store", &["stage-domain"]),
    ("stage-commands", &["stage-domain", "stage-store"]),
    ("stage-projections", &["stage-domain", "stage-store"]),
    ("stage-connectors", &["stage-domain"]),
    (
        "stage-workers",
        &["stage-domain", "stage-store", "stage-commands", "stage-projections", "stage-connectors"],
    ),
    ("stage-http", &["stage-domain", "stage-store", "stage-commands", "stage-projections"]),
    (
        "stage",
        &[
            "stage-domain",
            "stage-store",
            "stage-commands",
            "stage-projections",
            "stage-connectors",
            "stage-workers",
            "stage-http",
        ],
    ),
    ("stage-testkit", &["stage-domain", "stage-store"]),
];

/// Who may use a crate at run time; everybody else goes through them.
const ONLY: &[(&str, &[&str])] = &[
    (
        "sqlx",
        &["stage-store", "stage-commands", "stage-projections", "stage-workers", "stage", "stage-testkit"],
    ),
    ("cqrs-es", &["stage-domain", "stage-store"]),
    ("axum", &["stage-http", "stage", "stage-testkit"]),
    ("async-nats", &["stage-workers", "stage", "stage-testkit"]),
    ("reqwest", &["stage-connectors", "stage"]),
    ("lettre", &["stage-connectors"]),
    ("feed-rs", &["stage-connectors"]),
    ("aws-sdk-s3", &["stage-store", "stage"]),
    ("aes-gcm", &["stage-store"]),
    ("argon2", &["stage-commands"]),
    ("utoipa", &["stage-http"]),
];

/// The crates of the workspace with what each needs at run time.
fn needs() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            // `kind` is null for what is needed at run time; tests may know more.
            let needed = dependencies.filter(|dependency| dependency["kind"].is_null());
            (text(&package["name"]), needed.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

#[test]
fn rooms_know_only_the_rooms_that_the_design_lets_them() {
    let needs = needs();
    let rooms: BTreeSet<&str> = needs.keys().map(String::as_str).collect();
    let drawn: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, drawn, "every crate of the workspace has its place in ARROWS");
    for (room, allowed) in ARROWS {
        for needed in needs[*room].iter().filter(|needed| rooms.contains(needed.as_str())) {
            assert!(allowed.contains(&needed.as_str()), "{room} must not know {needed}");
        }
    }
}

#[test]
fn what_touches_the_outside_is_used_in_the_rooms_made_for_it() {
    let needs = needs();
    for (tool, users) in ONLY {
        for (room, needed) in &needs {
            assert!(!needed.contains(*tool) || users.contains(&room.as_str()), "{room} must not use {tool}");
        }
    }
}

#[test]
fn the_domain_reaches_nothing_outside_itself() {
    let needs = needs();
    for tool in ["tokio", "sqlx", "axum", "reqwest", "rand", "async-nats", "tracing"] {
        assert!(!needs["stage-domain"].contains(tool), "the domain is pure and must not use {tool}");
    }
}

#[test]
fn no_room_writes_sql_outside_the_rooms_that_own_tables() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for room in ["domain/src", "connectors/src", "http/src"] {
        for file in rust_files(&root.join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            let sql = ["sqlx::", "INSERT INTO", "DELETE FROM", "SELECT * FROM"];
            let found = sql.iter().find(|words| text.contains(**words));
            assert!(found.is_none(), "{} holds SQL: {found:?}", file.display());
        }
    }
}

#[test]
fn clock_randomness_and_ids_are_banned_inside_with_a_reason_each() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("clippy.toml")).unwrap();
    for path in ["chrono::Utc::now", "uuid::Uuid::now_v7", "uuid::Uuid::new_v4", "rand::rng"] {
        let line = text.lines().find(|line| line.contains(&format!("path = \"{path}\"")));
        assert!(
            line.is_some_and(|line| line.contains("reason = \"")),
            "clippy.toml bans {path} and says why"
        );
    }
}

#[test]
fn a_room_says_what_lives_there_before_anything_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for room in ["domain", "store", "commands", "projections", "connectors", "workers", "http"] {
        let text = fs::read_to_string(root.join(room).join("src/lib.rs")).unwrap();
        let opening = text.lines().take_while(|line| line.starts_with("//!")).count();
        assert!(opening >= 3, "{room}/src/lib.rs opens with a paragraph");
    }
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}
