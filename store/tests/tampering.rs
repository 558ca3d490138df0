//! What somebody does to the log who has all rights on the database and has switched every guard off is found, and
//! named by its position where it has one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use rstest::rstest;
use stage_domain::post::Post;
use stage_store::proof::{self, CheckpointError, Finding, ProofError};
use support::{
    fresh, import,
    notary::{EVENTS, Signed, key, signed, verify},
};
use uuid::Uuid;

async fn findings(s: &Signed) -> Vec<Finding> {
    let report = verify(s, None).await;
    assert_eq!(report.verified, report.findings.is_empty());
    report.findings
}

/// `X` and `Y` stand for the positions of the 100th and the 200th event.
#[rstest]
#[case::a_byte_in_a_payload(
    "UPDATE events SET payload = replace(payload::text, 'Rathaus', 'Rathaux')::json WHERE position = X"
)]
#[case::a_byte_in_metadata("UPDATE events SET metadata = '{\"by\":\"x\"}' WHERE position = X")]
#[case::a_changed_time(
    "UPDATE events SET recorded_at = recorded_at + interval '1 microsecond' WHERE position = X"
)]
#[case::a_changed_type("UPDATE events SET event_type = 'StageClosed' WHERE position = X")]
#[case::a_changed_version("UPDATE events SET event_version = '2' WHERE position = X")]
#[case::a_changed_sequence("UPDATE events SET sequence = 7 WHERE position = X")]
#[case::another_stream("UPDATE events SET aggregate_id = 'somebody-else' WHERE position = X")]
#[case::two_events_swapped(
    "UPDATE events SET position = -1 WHERE position = X; UPDATE events SET position = X WHERE position = Y;
     UPDATE events SET position = Y WHERE position = -1"
)]
#[case::a_name_twice(
    "UPDATE events SET payload = replace(payload::text, '\"name\":', '\"name\":\"other\",\"name\":')::json
     WHERE position = X"
)]
#[case::hidden_by_a_false_redaction(
    "ALTER TABLE events DROP CONSTRAINT events_redacted_or_whole;
     UPDATE events SET redacted_digest = sha256('x'), payload = '{\"forged\":true}' WHERE position = X"
)]
#[tokio::test]
async fn a_changed_event_is_found_and_named(#[case] sql: &str) {
    let s = signed(key(1)).await;
    let (x, y) = (s.positions[99], s.positions[199]);
    s.tamper(&sql.replace('X', &x.to_string()).replace('Y', &y.to_string())).await;
    assert_eq!(findings(&s).await, [Finding::Changed { position: x }]);
    let refused = proof::inclusion(s.pool(), x, None).await;
    assert!(matches!(refused, Err(ProofError::Differs(_) | ProofError::NotCanonical { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_is_behind_a_changed_event_is_not_called_unsigned() {
    let mut s = signed(key(1)).await;
    s.append(3).await;
    s.tamper(&format!("UPDATE events SET event_version = '2' WHERE position = {}", s.positions[99])).await;
    let report = verify(&s, None).await;
    assert_eq!((report.events, report.unread, report.unsigned), (99, EVENTS - 99, None));
    assert_eq!(report.position, s.positions[98]);
}

/// The leaf is the same with the payload and without: the digest stays.
#[rstest]
#[case::of_an_event_that_is_never_redacted(99)]
#[case::of_a_post_without_telling_it(EVENTS as usize)]
#[tokio::test]
async fn a_payload_that_was_emptied_as_if_by_a_redaction_is_found_and_named(#[case] which: usize) {
    let mut s = signed(key(1)).await;
    let post = s.store.log.execute::<Post>(Uuid::now_v7(), import("Frau Muster"), fresh()).await.unwrap();
    s.positions.push(post.position);
    s.sign().await;
    let position = s.positions[which];
    let payload: String = sqlx::query_scalar("SELECT payload::text FROM events WHERE position = $1")
        .bind(position)
        .fetch_one(s.pool())
        .await
        .unwrap();
    let digest = hex::encode(proof::digest(&payload).unwrap());
    s.tamper(&format!(
        "UPDATE events SET payload = '{{}}', redacted_digest = decode('{digest}', 'hex') WHERE position = {position}"
    ))
    .await;
    assert_eq!(findings(&s).await, [Finding::Emptied { position }]);
}

#[rstest]
#[case::the_first(0)]
#[case::one_within(100)]
#[case::the_last(EVENTS as usize - 1)]
#[tokio::test]
async fn a_deleted_event_is_found_and_named(#[case] which: usize) {
    let s = signed(key(1)).await;
    let position = s.positions[which];
    s.tamper(&format!("DELETE FROM events WHERE position = {position}")).await;
    assert_eq!(findings(&s).await, [Finding::Missing { position }]);
}

#[tokio::test]
async fn an_inserted_event_is_found_and_named() {
    let s = signed(key(1)).await;
    // A number that a transaction took and did not use.
    let position = s.positions[99] + 1;
    assert!(!s.positions.contains(&position));
    s.tamper(&format!(
        "INSERT INTO events SELECT aggregate_type, 'new', sequence, event_type, event_version, payload, metadata,
                                   {position}, recorded_at
         FROM events WHERE position = {}",
        s.positions[99]
    ))
    .await;
    assert_eq!(findings(&s).await, [Finding::Inserted { position }]);
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_found_where_it_begins() {
    let s = signed(key(1)).await;
    let after = s.positions[149];
    s.tamper(&format!("DELETE FROM events WHERE position > {after}")).await;
    let report = verify(&s, None).await;
    assert_eq!(report.findings, [Finding::Missing { position: s.positions[150] }]);
    assert_eq!(
        (report.events, report.unread, report.unsigned),
        (150, 0, Some(0)),
        "all that is there was read"
    );
}

#[tokio::test]
async fn a_tail_that_was_cut_off_with_its_proofs_is_found_by_a_kept_checkpoint() {
    let s = signed(key(1)).await;
    let kept = s.checkpoint(200).await;
    let after = s.positions[151];
    s.tamper(&format!(
        "DELETE FROM events WHERE position > {after}; DELETE FROM tree_leaves WHERE positions[1] > {after};
         DELETE FROM checkpoints WHERE position > {after}"
    ))
    .await;
    assert_eq!(findings(&s).await, [], "nothing in the database tells any more");
    let short = Finding::Short { after, events: 152, signed: 200 };
    assert_eq!(verify(&s, Some(kept)).await.findings, [short]);
}

/// The note is that of the 100th event's checkpoint.
#[rstest]
#[case::by_one_of_another_key(&|note: &str| signed_elsewhere(note, 2), CheckpointError::OtherKey)]
#[case::by_one_for_other_events(&|note: &str| signed_elsewhere(note, 1), CheckpointError::OtherEvents)]
#[case::by_one_of_another_size(&|note: &str| note.to_owned(), CheckpointError::OtherSize)]
#[case::by_an_altered_one(&|note: &str| note.replacen("\n96\n", "\n100\n", 1), CheckpointError::Signature)]
#[case::by_rubbish(&|_: &str| "rubbish".to_owned(), CheckpointError::Malformed)]
#[tokio::test]
async fn an_old_checkpoint_that_was_replaced_is_found_and_named(
    #[case] replaced: &dyn Fn(&str) -> String,
    #[case] cause: CheckpointError,
) {
    let s = signed(key(1)).await;
    let note = replaced(&s.checkpoint(96).await.note);
    s.tamper(&format!("UPDATE checkpoints SET note = '{note}' WHERE size = 100")).await;
    let position = s.positions[99];
    assert_eq!(findings(&s).await, [Finding::Checkpoint { size: 100, position, cause }]);
}

/// A checkpoint of 100 events whose root is another, well signed with the key of this seed.
fn signed_elsewhere(_: &str, seed: u8) -> String {
    proof::Checkpoint::sign(&key(seed), 100, [9; 32]).unwrap().note
}

#[tokio::test]
async fn events_that_were_changed_together_with_the_tree_are_found_between_two_checkpoints() {
    let s = signed(key(1)).await;
    let x = s.positions[101];
    s.tamper(&format!("UPDATE events SET event_version = '2' WHERE position = {x}")).await;
    // The stored leaf is made to fit: the run of 100 to 103, its second leaf.
    let forged = s.leaf(x).await;
    s.tamper(&format!(
        "UPDATE tree_leaves SET hashes = overlay(hashes PLACING decode('{forged}', 'hex') FROM 33) WHERE first = 100"
    ))
    .await;
    let rewritten = Finding::Rewritten { after: s.positions[99], up_to: s.positions[103] };
    assert_eq!(findings(&s).await, [rewritten]);
}

async fn rewrite(s: &mut Signed, seed: u8) {
    s.tamper(&format!(
        "UPDATE events SET event_version = '2' WHERE position = {};
         DELETE FROM tree_leaves; DELETE FROM tree_nodes; DELETE FROM checkpoints",
        s.positions[99]
    ))
    .await;
    let own = std::mem::replace(&mut s.key, key(seed));
    s.sign().await;
    s.key = own;
}

#[tokio::test]
async fn a_whole_log_that_was_rewritten_and_signed_with_another_key_is_found() {
    let mut s = signed(key(1)).await;
    let kept = s.checkpoint(EVENTS).await;
    rewrite(&mut s, 2).await;
    let found = findings(&s).await;
    assert_eq!(found.len() as u64, EVENTS.div_ceil(4));
    let cause = CheckpointError::OtherKey;
    assert_eq!(found[0], Finding::Checkpoint { size: 4, position: s.positions[3], cause });
    // A checkpoint that the auditor kept tells by itself, too.
    let found = verify(&s, Some(kept)).await.findings;
    let up_to = *s.positions.last().unwrap();
    assert!(found.contains(&Finding::Kept { size: EVENTS, up_to }), "{found:?}");
}

#[tokio::test]
async fn a_whole_log_that_was_rewritten_by_who_has_the_key_is_found_by_a_kept_checkpoint() {
    let mut s = signed(key(1)).await;
    let kept = s.checkpoint(120).await;
    rewrite(&mut s, 1).await;
    assert_eq!(findings(&s).await, [], "nothing in the database tells any more");
    let report = verify(&s, Some(kept)).await;
    assert_eq!(report.findings, [Finding::Kept { size: 120, up_to: s.positions[119] }]);
}
