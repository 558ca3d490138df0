//! What is typed wrongly is refused in words that say what was expected. Nothing runs here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::program::command;

/// What `stage …` refuses with, on a data directory that is not there.
fn refused(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = command(&folder.path().join("nothing"), arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_is_no_id_is_refused_with_the_argument_and_with_what_an_id_looks_like() {
    for (arguments, name) in [
        (&["auditor", "revoke", "nobody"][..], "<ID>"),
        (&["outbox", "retry", "nobody"], "<ID>"),
        (&["outbox", "drop", "nobody", "--reason", "none"], "<ID>"),
        (&["mail", "show", "nobody"], "<ID>"),
        (&["account", "receipt", "nobody"], "<ACCOUNT>"),
        (&["post", "redact", "nobody", "--reason", "unlawful"], "<POST>"),
    ] {
        let said = refused(arguments);
        let expected = format!(
            "error: invalid value 'nobody' for '{name}': is not an id, which looks like \
             01a2096f-542e-73d3-aa7c-6282cd377862\n"
        );
        assert!(said.starts_with(&expected), "{arguments:?}: {said}");
    }
}

#[test]
fn where_no_stage_is_nobody_is_asked_for_a_public_key() {
    for arguments in [&["log", "verify"][..], &["log", "prove", "1"], &["log", "checkpoint"]] {
        let said = refused(arguments);
        assert!(said.starts_with("stage: there is no running stage on "), "{arguments:?}: {said}");
    }
}

#[test]
fn a_command_that_needs_one_of_several_arguments_names_them_all() {
    let said = refused(&["log", "prove"]);
    assert!(said.contains("<POSITION|--from <SIZE>>"), "{said}");
    let both = refused(&["log", "prove", "1", "--from", "1"]);
    assert!(both.contains("cannot be used with"), "{both}");
    let said = refused(&["account", "correct", "ada@example.org"]);
    for option in ["--first-name", "--last-name", "--email", "--phone", "--language"] {
        assert!(said.contains(option), "{said}");
    }
}

#[test]
fn a_data_directory_is_refused_beside_what_would_have_it_passed_over() {
    let said = refused(&["projections", "status", "--database-url", "postgres://nobody@localhost/nothing"]);
    assert!(
        said.contains("'--database-url <DATABASE_URL>' cannot be used with '--data-dir <DATA_DIR>'"),
        "{said}"
    );
    let key = "00".repeat(32);
    let said = refused(&["keys", "rotate", "--master-key", &key]);
    assert!(said.starts_with("stage: a data directory makes its new master key by itself"), "{said}");
}
