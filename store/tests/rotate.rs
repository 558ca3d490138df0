//! Replacing the master key while programs run, and receipts that the installation signs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{AccountId, account::Account};
use stage_store::{Act, Also, Appended, Keyring, Log, MasterKey, MasterKeys, Rotated, StoreError};
use support::{LastHint, Store, fresh, register, store};
use tokio::{sync::Notify, task::JoinHandle};
use uuid::Uuid;

/// A person whose address nobody claims.
async fn person(log: &Log) -> AccountId {
    person_with(log, Vec::new()).await
}

async fn person_with(log: &Log, also: Vec<Arc<dyn Also>>) -> AccountId {
    let id = AccountId(Uuid::now_v7());
    let act = Act { subject: Some(log.keyring().new_subject(id).unwrap()), also, ..fresh() };
    log.execute::<Account>(id.0, register(id), act).await.unwrap();
    id
}

async fn people(s: &Store, many: usize) -> Vec<AccountId> {
    let mut people = Vec::new();
    for _ in 0..many {
        people.push(person(&s.log).await);
    }
    people
}

/// Keeps an append open until it is told to go on.
#[derive(Default)]
struct Open(Notify);

#[async_trait]
impl Also for Open {
    async fn write(&self, _: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        self.0.notified().await;
        Ok(())
    }
}

/// A process that knows both keys.
async fn running(s: &Store, new: &MasterKey) -> Log {
    let keyring = Keyring::open(s.log.pool(), keys(&[&s.master, new])).await.unwrap();
    Log::new(s.log.pool().clone(), keyring, Arc::new(LastHint::default()))
}

fn rotate(s: &Store, new: &MasterKey) -> JoinHandle<Result<Rotated, StoreError>> {
    let (pool, keys) = (s.log.pool().clone(), keys(&[new, &s.master]));
    tokio::spawn(async move { Rotated::all(&pool, keys, |_| {}).await })
}

fn keys(keys: &[&MasterKey]) -> MasterKeys {
    let keys: Vec<MasterKey> = keys.iter().map(|key| (*key).clone()).collect();
    MasterKeys::new(move || Ok(keys.clone()))
}

async fn reads(log: &Log, person: AccountId) -> bool {
    let account = log.load::<Account>(person.0).await.unwrap().aggregate;
    account.person.unwrap().email.known().is_some()
}

/// Keys of people that another master key wraps than the present one.
async fn left_behind(s: &Store) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM subject_keys WHERE master <> (SELECT master FROM installation_keys WHERE name = 'lookup')",
    )
    .fetch_one(s.log.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing() {
    let s = store().await;
    let people = people(&s, 3).await;
    let new = MasterKey::generate();
    let rotated = Rotated::all(s.log.pool(), keys(&[&new, &s.master]), |_| {}).await.unwrap();
    assert_eq!(rotated, Rotated { installation_keys: 1, subject_keys: 3 });

    let old = Keyring::open(s.log.pool(), s.master.clone()).await;
    assert!(matches!(old, Err(StoreError::WrongMasterKey)));
    let keyring = Keyring::open(s.log.pool(), new.clone()).await.unwrap();
    assert_eq!(
        keyring.digest("test", b"value"),
        s.log.keyring().digest("test", b"value"),
        "hashes stay the same"
    );
    let log = Log::new(s.log.pool().clone(), keyring, Arc::new(LastHint::default()));
    for person in people {
        assert!(reads(&log, person).await);
    }
    let again = Rotated::all(s.log.pool(), keys(&[&new]), |_| {}).await.unwrap();
    assert_eq!(again, Rotated::default());
}

#[tokio::test]
async fn a_process_that_runs_on_finds_the_new_key_and_wraps_with_it() {
    let s = store().await;
    let known = Arc::new(Mutex::new(vec![s.master.clone()]));
    let source = known.clone();
    let keyring = Keyring::open(s.log.pool(), MasterKeys::new(move || Ok(source.lock().unwrap().clone())))
        .await
        .unwrap();
    let running = Log::new(s.log.pool().clone(), keyring, Arc::new(LastHint::default()));
    let before = person(&running).await;
    let new = MasterKey::generate();
    known.lock().unwrap().push(new.clone());
    Rotated::all(s.log.pool(), keys(&[&new, &s.master]), |_| {}).await.unwrap();
    let after = person(&running).await;
    assert!(reads(&running, before).await && reads(&running, after).await);
    assert_eq!(left_behind(&s).await, 0);
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_goes_on_where_it_was() {
    let s = store().await;
    let people = people(&s, 5).await;
    let new = MasterKey::generate();
    // As it would be had it been cut off after the installation's keys and two of the people's.
    let wrapped: Vec<(Uuid, Vec<u8>, String)> =
        sqlx::query_as("SELECT subject, wrapped, master FROM subject_keys ORDER BY subject LIMIT 3")
            .fetch_all(s.log.pool())
            .await
            .unwrap();
    Rotated::all(s.log.pool(), keys(&[&new, &s.master]), |_| {}).await.unwrap();
    for (subject, wrapped, master) in wrapped {
        sqlx::query("UPDATE subject_keys SET wrapped = $2, master = $3 WHERE subject = $1")
            .bind(subject)
            .bind(wrapped)
            .bind(master)
            .execute(s.log.pool())
            .await
            .unwrap();
    }
    let keyring = Keyring::open(s.log.pool(), keys(&[&new, &s.master])).await.unwrap();
    let log = Log::new(s.log.pool().clone(), keyring, Arc::new(LastHint::default()));
    for person in &people {
        assert!(reads(&log, *person).await, "both keys are good meanwhile");
    }
    let rotated = Rotated::all(s.log.pool(), keys(&[&new, &s.master]), |_| {}).await.unwrap();
    assert_eq!(rotated, Rotated { installation_keys: 0, subject_keys: 3 });
    assert_eq!(left_behind(&s).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_registers_and_who_is_erased_while_keys_are_rotated_is_not_lost_and_does_not_come_back() {
    let s = store().await;
    let first = people(&s, 40).await;
    let new = MasterKey::generate();
    let log = running(&s, &new).await;
    let done = Arc::new(AtomicBool::new(false));
    let registering = tokio::spawn({
        let (log, done) = (log.clone(), done.clone());
        async move {
            let mut people = Vec::new();
            while !done.load(Ordering::SeqCst) {
                people.push(person(&log).await);
            }
            people
        }
    });
    let erasing = tokio::spawn({
        let (log, first) = (log.clone(), first.clone());
        async move {
            for person in first.iter().step_by(2) {
                let act = Act { erased: Some(*person), ..Act::default() };
                let erase = stage_domain::account::AccountCommand::Erase { at: support::at() };
                log.execute::<Account>(person.0, erase, act).await.unwrap();
            }
        }
    });
    Rotated::all(s.log.pool(), keys(&[&new, &s.master]), |_| {}).await.unwrap();
    erasing.await.unwrap();
    done.store(true, Ordering::SeqCst);
    let registered = registering.await.unwrap();
    assert_eq!(left_behind(&s).await, 0);
    let keyring = Keyring::open(s.log.pool(), new).await.unwrap();
    let log = Log::new(s.log.pool().clone(), keyring, Arc::new(LastHint::default()));
    for person in first.iter().skip(1).step_by(2).chain(&registered) {
        assert!(reads(&log, *person).await);
    }
    let keys: i64 =
        sqlx::query_scalar("SELECT count(*) FROM subject_keys").fetch_one(s.log.pool()).await.unwrap();
    assert_eq!(keys as usize, 20 + registered.len());
}

#[tokio::test]
async fn a_rotation_waits_for_a_key_that_is_not_committed_yet() {
    let s = store().await;
    let new = MasterKey::generate();
    let (log, open) = (running(&s, &new).await, Arc::new(Open::default()));
    let registering = tokio::spawn({
        let (log, open) = (log.clone(), open.clone());
        async move { person_with(&log, vec![open]).await }
    });
    s.database.until("SELECT count(*) = 1 FROM pg_locks WHERE relation = 'subject_keys'::regclass AND mode = 'RowExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").await;
    let rotation = rotate(&s, &new);
    s.database.blocked(1).await;
    open.0.notify_one();
    let person = registering.await.unwrap();
    assert_eq!(rotation.await.unwrap().unwrap(), Rotated { installation_keys: 1, subject_keys: 1 });
    assert!(reads(&log, person).await);
}

#[tokio::test]
async fn a_key_that_is_written_while_a_rotation_names_the_new_one_is_wrapped_by_it() {
    let s = store().await;
    let new = MasterKey::generate();
    let (log, open) = (running(&s, &new).await, Arc::new(Open::default()));
    // Holds the rotation up between its lock and the new name.
    let mut tx = s.log.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM installation_keys FOR UPDATE").execute(&mut *tx).await.unwrap();
    let rotation = rotate(&s, &new);
    s.database.blocked(1).await;
    let registering = tokio::spawn({
        let (log, open) = (log.clone(), open.clone());
        async move { person_with(&log, vec![open]).await }
    });
    s.database.blocked(2).await;
    tx.rollback().await.unwrap();
    // Its key is committed only after the rotation has looked for keys to wrap anew.
    assert_eq!(rotation.await.unwrap().unwrap(), Rotated { installation_keys: 1, subject_keys: 0 });
    open.0.notify_one();
    let person = registering.await.unwrap();
    assert_eq!(left_behind(&s).await, 0);
    assert!(reads(&log, person).await);
}

#[tokio::test]
async fn a_rotation_without_the_old_key_changes_nothing() {
    let s = store().await;
    let ada = person(&s.log).await;
    let refused = Rotated::all(s.log.pool(), keys(&[&MasterKey::generate()]), |_| {}).await;
    assert!(matches!(refused, Err(StoreError::WrongMasterKey)));
    assert!(reads(&s.log, ada).await);
}

#[tokio::test]
async fn a_receipt_is_signed_with_one_key_also_after_a_rotation() {
    let s = store().await;
    let pool = s.log.pool();
    let receipt = s.log.keyring().sign_receipt(pool, "erased\n").await.unwrap();
    let verifier = s.log.keyring().receipt_verifier(pool).await.unwrap();
    let new = MasterKey::generate();
    Rotated::all(pool, keys(&[&new, &s.master]), |_| {}).await.unwrap();
    let keyring = Keyring::open(pool, new).await.unwrap();
    assert_eq!(keyring.receipt_verifier(pool).await.unwrap(), verifier);
    let known = signed_note::VerifierList::new(vec![Box::new(
        signed_note::StandardVerifier::new(&verifier).unwrap(),
    )]);
    let note = signed_note::Note::from_bytes(receipt.as_bytes()).unwrap();
    assert_eq!(note.verify(&known).unwrap().0.len(), 1);
    let forged = signed_note::Note::from_bytes(receipt.replace("erased", "kept").as_bytes()).unwrap();
    assert!(forged.verify(&known).is_err());
}
