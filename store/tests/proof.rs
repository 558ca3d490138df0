//! The tree, the notary and proofs, on a log that nobody tampers with. What tampering does is in tampering.rs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use stage_domain::{
    Decide,
    post::{Post, PostCommand, PostEvent, RedactionReason},
};
use stage_store::{
    Act, Redaction,
    proof::{self, Checkpoint, Export, ProofError, Selection, Standing, Verify, digest},
};
use support::{
    at, fresh, import,
    notary::{EVENTS, Signed, key, signed, verify},
    raw_insert,
};
use uuid::Uuid;

#[tokio::test]
async fn a_log_that_nobody_touched_is_as_it_was_signed() {
    let s = signed(key(1)).await;
    let report = verify(&s, None).await;
    assert!(report.verified, "{report:?}");
    assert_eq!((report.events, report.unsigned, report.redacted), (EVENTS, Some(0), 0));
    assert_eq!((report.position, report.checkpoints), (*s.positions.last().unwrap(), EVENTS.div_ceil(4)));
}

#[tokio::test]
async fn events_that_came_after_the_last_checkpoint_are_told_and_signed_next() {
    let mut s = signed(key(1)).await;
    s.append(3).await;
    assert_eq!(verify(&s, None).await.unsigned, Some(3));
    s.sign().await;
    let report = verify(&s, None).await;
    assert_eq!((report.events, report.unsigned, report.verified), (EVENTS + 3, Some(0), true));
}

#[tokio::test]
async fn a_log_without_a_checkpoint_is_not_called_right() {
    let s = support::store().await;
    let refused = Verify::begin(s.log.pool().clone(), &[key(1).public().clone()], None, None).await;
    assert!(matches!(refused.err(), Some(ProofError::NoCheckpoint)));
}

#[tokio::test]
async fn a_notary_that_was_cut_off_anywhere_leaves_all_of_a_step_or_nothing_and_goes_on() {
    let mut s = signed(key(1)).await;
    s.append(9).await;
    let up_to = *s.positions.last().unwrap();
    for table in ["tree_leaves", "checkpoints"] {
        let mut connection = s.pool().acquire().await.unwrap().detach();
        let mut notary = s.notary(&mut connection).await.unwrap();
        let pid: i32 =
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
        // Its transaction waits for a table, and dies there.
        let mut lock = s.pool().begin().await.unwrap();
        sqlx::query(&format!("LOCK TABLE {table} IN SHARE MODE")).execute(&mut *lock).await.unwrap();
        let dies = async {
            while !is_waiting(&s, pid).await {}
            let kill = sqlx::query("SELECT pg_terminate_backend($1)").bind(pid);
            kill.execute(s.pool()).await.unwrap();
        };
        let (step, ()) = tokio::join!(notary.extend(&mut connection, up_to, 4, at()), dies);
        assert!(step.is_err());
        lock.rollback().await.unwrap();
        let report = verify(&s, None).await;
        assert_eq!((report.events, report.verified), (EVENTS, true), "half a step was left");
    }
    s.sign().await;
    assert_eq!(verify(&s, None).await.events, EVENTS + 9);
}

async fn is_waiting(s: &Signed, pid: i32) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)")
        .bind(pid)
        .fetch_one(s.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn two_notaries_at_once_do_not_sign_two_histories() {
    let mut s = signed(key(1)).await;
    s.append(5).await;
    let up_to = *s.positions.last().unwrap();
    let (mut one, mut two) = (s.pool().acquire().await.unwrap(), s.pool().acquire().await.unwrap());
    let (mut first, mut second) = (s.notary(&mut one).await.unwrap(), s.notary(&mut two).await.unwrap());
    assert!(first.extend(&mut one, up_to, 3, at()).await.is_ok());
    assert!(second.extend(&mut two, up_to, 5, at()).await.is_err());
    drop((one, two));
    s.sign().await;
    assert!(verify(&s, None).await.verified);
}

#[tokio::test]
async fn a_notary_with_another_key_signs_nothing_unless_it_is_told_the_former_one() {
    let mut s = signed(key(1)).await;
    s.append(2).await;
    s.key = key(2);
    let mut connection = s.pool().acquire().await.unwrap();
    assert!(matches!(s.notary(&mut connection).await, Err(ProofError::Checkpoint { .. })));
    drop(connection);
    s.former = vec![key(1).public().clone()];
    s.sign().await;
    let report = verify(&s, None).await;
    assert!(report.verified, "{report:?}");
    assert_eq!(report.events, EVENTS + 2);
}

#[tokio::test]
async fn checkpoints_and_the_tree_are_never_changed() {
    let s = signed(key(1)).await;
    for sql in [
        "UPDATE checkpoints SET note = ''",
        "DELETE FROM checkpoints",
        "TRUNCATE tree_leaves",
        "SET session_replication_role = replica; DELETE FROM tree_nodes",
        "UPDATE tree_leaves SET hashes = hashes",
    ] {
        let refused = sqlx::raw_sql(sql).execute(s.pool()).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("23001"), "{sql}");
    }
}

#[tokio::test]
async fn every_event_is_proven_to_be_in_the_log_and_every_earlier_log_to_be_its_beginning() {
    let s = signed(key(1)).await;
    let keys = [s.key.public().clone()];
    for (index, position) in s.positions.iter().enumerate() {
        let proof = proof::inclusion(s.pool(), *position, Some(&keys)).await.unwrap();
        assert_eq!((proof.index, proof.size), (index as u64, EVENTS));
        let text = proof.to_text();
        assert!(text.starts_with(&format!("c2sp.org/tlog-proof@v1\nindex {index}\n")), "{text}");
        assert!(text.ends_with(&format!("\n\n{}", proof.note)), "{text}");
    }
    for size in 1..=EVENTS {
        let proof = proof::consistency(s.pool(), size, None, Some(&keys)).await.unwrap();
        assert_eq!((proof.from.size, proof.to.size), (size, EVENTS));
        if let Some(note) = &proof.from.note {
            assert_eq!(Checkpoint::read(note, &keys).unwrap().root, proof.from.root);
        }
    }
    let gap = s.positions.windows(2).find(|pair| pair[1] > pair[0] + 1).unwrap()[0] + 1;
    assert!(matches!(proof::inclusion(s.pool(), gap, None).await, Err(ProofError::NoEvent(_))));
    for (from, to) in [(0, None), (EVENTS + 1, None), (3, Some(2)), (1, Some(EVENTS + 1))] {
        assert!(matches!(proof::consistency(s.pool(), from, to, None).await, Err(ProofError::Sizes { .. })));
    }
}

#[tokio::test]
async fn an_event_that_is_not_signed_yet_is_said_to_be_so() {
    let mut s = signed(key(1)).await;
    s.append(1).await;
    let position = *s.positions.last().unwrap();
    let refused = proof::inclusion(s.pool(), position, None).await;
    assert!(matches!(refused, Err(ProofError::NotSigned(found)) if found == position));
}

#[tokio::test]
async fn proofs_and_verification_hold_after_a_redaction() {
    let s = signed(key(1)).await;
    let id = Uuid::now_v7();
    let position = s.store.log.execute::<Post>(id, import("Frau Muster"), fresh()).await.unwrap().position;
    let payload: String = sqlx::query_scalar("SELECT payload::text FROM events WHERE position = $1")
        .bind(position)
        .fetch_one(s.pool())
        .await
        .unwrap();
    s.sign().await;
    let post = s.store.log.load::<Post>(id).await.unwrap();
    let redact = PostCommand::Redact { reason: RedactionReason::PersonalData, at: at() };
    let events = post.aggregate.decide(redact).unwrap();
    let redaction = Redaction { id, version: post.version, types: &PostEvent::CONTENT, event: &events[0] };
    s.store.log.redact::<Post>(redaction, Act::default()).await.unwrap();
    let before = verify(&s, None).await;
    assert!(before.verified, "the event that tells need not be signed yet: {before:?}");
    s.sign().await;
    let report = verify(&s, None).await;
    assert!(report.verified, "{report:?}");
    assert_eq!(report.redacted, 1);
    assert!(proof::inclusion(s.pool(), position, None).await.is_ok());
    let mut export = Export::begin(s.pool().clone(), Selection::default(), 0).await.unwrap();
    let lines = String::from_utf8(export.next().await.unwrap().unwrap()).unwrap();
    let line = lines.lines().nth(EVENTS as usize).unwrap();
    let digest = hex::encode(digest(&payload).unwrap());
    assert!(line.contains(&format!(r#""redacted":"{digest}""#)) && !line.contains("payload"), "{line}");
}

#[tokio::test]
async fn an_interrupted_verification_goes_on_where_it_stood() {
    let mut s = signed(key(1)).await;
    let keys = [s.key.public().clone()];
    let mut standing: Option<Standing> = None;
    let whole = Verify::begin(s.pool().clone(), &keys, None, None).await.unwrap();
    whole.run(|progress| standing = progress.standing).await.unwrap();
    let standing: Standing =
        serde_json::from_str(&serde_json::to_string(&standing.unwrap()).unwrap()).unwrap();
    let again = Verify::begin(s.pool().clone(), &keys, None, Some(standing.clone())).await.unwrap();
    assert_eq!(again.run(|_| ()).await.unwrap().resumed, 0, "nothing was left to read, so all is read again");
    s.append(2).await;
    s.sign().await;
    let again = Verify::begin(s.pool().clone(), &keys, None, Some(standing.clone())).await.unwrap();
    let report = again.run(|_| ()).await.unwrap();
    assert_eq!((report.resumed, report.events, report.verified), (EVENTS, EVENTS + 2, true));
    assert_eq!(report.checkpoints, EVENTS.div_ceil(4) + 1);
    // What it stood on is gone, so it begins anew.
    let last = s.positions[EVENTS as usize - 2];
    s.tamper(&format!(
        "DELETE FROM checkpoints WHERE position > {last}; DELETE FROM events WHERE position > {last}"
    ))
    .await;
    let again = Verify::begin(s.pool().clone(), &keys, None, Some(standing)).await.unwrap();
    assert_eq!(again.run(|_| ()).await.unwrap().resumed, 0);
}

#[tokio::test]
async fn an_export_has_the_events_that_were_asked_for_in_order() {
    let s = signed(key(1)).await;
    let all = export(&s, Selection::default()).await;
    let positions: Vec<_> = all.iter().map(|event| event["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, s.positions);
    let (from, to) = (s.positions[3], s.positions[6]);
    let some = export(&s, Selection { from: Some(from), to: Some(to), ..Selection::default() }).await;
    assert_eq!(some, all[3..=6]);
    let id = all[4]["stream_id"].as_str().unwrap().to_owned();
    let stream = Some(("stage".to_owned(), id));
    assert_eq!(export(&s, Selection { stream, ..Selection::default() }).await, all[4..=4]);
    let event_type = Some("Nothing".to_owned());
    assert!(export(&s, Selection { event_type, ..Selection::default() }).await.is_empty());
}

#[tokio::test]
async fn an_export_ends_at_the_mark_and_does_not_hang_with_an_append_that_does() {
    let mut s = signed(key(1)).await;
    let mut open = s.pool().begin().await.unwrap();
    let held = raw_insert(&mut open).await;
    s.append(1).await;
    let (known, last) = (s.positions[EVENTS as usize - 1], s.positions[EVENTS as usize]);
    assert!(known < held && held < last);
    let mut export = Export::begin(s.pool().clone(), Selection::default(), known).await.unwrap();
    let mut lines = Vec::new();
    while let Some(page) = export.next().await.unwrap() {
        lines.extend(page);
    }
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count() as u64, EVENTS, "none is passed over");
    open.rollback().await.unwrap();
}

async fn export(s: &Signed, selection: Selection) -> Vec<serde_json::Value> {
    let mut export = Export::begin(s.pool().clone(), selection, 0).await.unwrap();
    let mut lines = Vec::new();
    while let Some(page) = export.next().await.unwrap() {
        lines.extend(page);
    }
    let text = String::from_utf8(lines).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
