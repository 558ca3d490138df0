//! The contract in openapi/openapi.json is what the program serves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

fn checked_in() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.json")
}

/// With UPDATE=1 it writes the file instead.
#[test]
fn the_checked_in_contract_is_current() {
    let now = stage_http::openapi().to_pretty_json().unwrap() + "\n";
    if env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(checked_in(), &now).unwrap();
    }
    let then = fs::read_to_string(checked_in()).unwrap_or_default();
    assert!(now == then, "openapi/openapi.json is not current: run this test again with UPDATE=1");
}

/// The sources below `folder`, whole.
fn sources(folder: &Path) -> Vec<String> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false => found.push(fs::read_to_string(path).unwrap()),
        }
    }
    found
}

/// The router and the contract are made from one list, so that what one has the other has too; this is for an
/// operation that was written and never listed, and for a route that went past the list.
#[test]
fn every_route_is_in_the_contract() {
    let contract = serde_json::to_value(stage_http::openapi()).unwrap();
    let operations =
        contract["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
    let listed: BTreeSet<String> =
        operations.map(|(_, operation)| operation["operationId"].as_str().unwrap().to_owned()).collect();

    let sources = sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src"));
    let named = |source: &String| -> Vec<String> {
        let ids = source.split("operation_id = \"").skip(1);
        ids.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let written: Vec<String> = sources.iter().flat_map(named).collect();
    let described: usize = sources.iter().map(|source| source.matches("#[utoipa::path(").count()).sum();
    assert_eq!(written.len(), described, "each operation has an id");
    assert_eq!(written.iter().cloned().collect::<BTreeSet<_>>(), listed);

    let past = sources.iter().flat_map(|source| source.split(".route(\"").skip(1));
    let past = past.map(|rest| rest.split('"').next().unwrap());
    // A worker has some of them, without the list.
    let past: BTreeSet<&str> = past.filter(|path| contract["paths"].get(path).is_none()).collect();
    let pages = BTreeSet::from(["/", "/accept-invitation", "/links.js", "/reset-password", "/verify-email"]);
    assert_eq!(past, pages, "only the pages for people are not in the contract");
}
