//! Personal data: never in the clear, readable while its key lives, erased with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sqlx::PgPool;
use stage_domain::{
    AccountId, Decide, Personal,
    account::{Account, AccountCommand, AccountEvent},
};
use stage_store::{Act, Batch, ClaimKind, ExecuteError, Keyring, Log, MasterKey, Recorded, StoreError};
use support::{PERSON, Store, at, cluster::Cluster, log_on, register, registration, store};
use uuid::Uuid;

async fn registered(s: &Store) -> AccountId {
    let id = AccountId(Uuid::now_v7());
    s.log.execute::<Account>(id.0, register(id), registration(&s.log, id)).await.unwrap();
    id
}

async fn first_event(log: &Log) -> Recorded {
    log.read(0, i64::MAX, 1).await.unwrap().remove(0)
}

/// Each way in which somebody looking at a disk may recognise a text.
fn disguises(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    vec![text.to_owned(), hex::encode(bytes), hex::encode_upper(bytes), BASE64_STANDARD.encode(bytes)]
}

/// All that PostgreSQL has of this database, as text: every table's rows, whole.
async fn everything(pool: &PgPool) -> String {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut all = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(&format!("SELECT t::text FROM {table} t")).fetch_all(pool).await.unwrap();
        all.push_str(&rows.join("\n"));
    }
    all
}

#[tokio::test]
async fn nothing_personal_is_in_any_table() {
    let s = store().await;
    let id = registered(&s).await;
    let all = everything(s.log.pool()).await;
    // What is there is found, so the search would find a name too.
    assert!(all.contains("AccountRegistered") && all.contains(&id.to_string()));
    for text in PERSON {
        for disguise in disguises(text).into_iter().chain(disguises(&text.to_lowercase())) {
            assert!(!all.contains(&disguise), "{text:?} is there as {disguise:?}");
        }
    }
}

/// The write-ahead log and the table's file, where dead rows and the words of statements would stay. On a server of its
/// own: what other tests write would push the pieces of the write-ahead log out of the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_personal_is_in_the_files_of_the_server() {
    let cluster = Cluster::start("wal_keep_size = 1GB");
    let pool = stage_store::connect(&cluster.url(), 4).await.unwrap();
    stage_store::migrate(&pool).await.unwrap();
    let log = log_on(pool.clone()).await;
    let id = AccountId(Uuid::now_v7());
    log.execute::<Account>(id.0, register(id), registration(&log, id)).await.unwrap();
    sqlx::query("CHECKPOINT").execute(&pool).await.unwrap();
    let heap: String =
        sqlx::query_scalar("SELECT pg_relation_filepath('events')").fetch_one(&pool).await.unwrap();
    let heap = file(&pool, &heap).await;
    let wal = write_ahead_log(&pool).await;
    let holds = |file: &[u8], text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(
        holds(&heap, "AccountRegistered") && holds(&wal, "AccountRegistered"),
        "the search looks at the right files"
    );
    for text in PERSON {
        assert!(!holds(&heap, text) && !holds(&wal, text), "{text:?} is on the disk");
    }
    pool.close().await;
}

/// All of it, from the start of the server on.
async fn write_ahead_log(pool: &PgPool) -> Vec<u8> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pg_ls_waldir() ORDER BY name").fetch_all(pool).await.unwrap();
    let mut all = Vec::new();
    for name in names {
        all.extend(file(pool, &format!("pg_wal/{name}")).await);
    }
    all
}

async fn file(pool: &PgPool, path: &str) -> Vec<u8> {
    sqlx::query_scalar("SELECT pg_read_binary_file($1)").bind(path).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn what_was_sealed_opens_again_for_a_read_model() {
    let s = store().await;
    let id = registered(&s).await;
    let event = first_event(&s.log).await;
    let email = event.sealed("email").unwrap().unwrap();
    assert_eq!(email["personal"]["at"], format!("account/{id}/1/AccountRegistered/email"));
    let phone = event.sealed("phone").unwrap().unwrap();
    assert_eq!(event.sealed("language").unwrap(), None);
    assert_eq!(event.sealed("nothing").unwrap(), None);
    let opened = s.log.open(&[email, Value::Null, phone]).await.unwrap();
    assert_eq!(opened, [Some(json!(PERSON[2])), None, Some(json!(PERSON[3]))]);
}

#[tokio::test]
async fn an_event_of_the_log_itself_reads_as_erased_and_never_shows_a_person() {
    let s = store().await;
    let id = registered(&s).await;
    match first_event(&s.log).await.event::<AccountEvent>().unwrap() {
        AccountEvent::AccountRegistered { email, .. } => assert_eq!(email, Personal::Erased { subject: id }),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn once_the_key_is_destroyed_everything_about_the_person_is_erased_and_nothing_fails() {
    let s = store().await;
    let id = registered(&s).await;
    let secret = s
        .log
        .keyring()
        .seal_secret(s.log.pool(), id, "credentials/password", b"hash")
        .await
        .unwrap()
        .unwrap();
    let email = first_event(&s.log).await.sealed("email").unwrap().unwrap();
    sqlx::query("DELETE FROM subject_keys WHERE subject = $1")
        .bind(id.0)
        .execute(s.log.pool())
        .await
        .unwrap();

    assert_eq!(s.log.open(&[email]).await.unwrap(), [None]);
    assert_eq!(s.log.load::<Account>(id.0).await.unwrap().version, 1);
    let act = Act::default();
    assert_eq!(
        s.log.execute::<Account>(id.0, AccountCommand::LogIn { at: at() }, act).await.unwrap().version,
        2
    );
    let keyring = s.log.keyring();
    assert_eq!(keyring.open_secret(s.log.pool(), id, "credentials/password", &secret).await.unwrap(), None);
    assert_eq!(keyring.seal_secret(s.log.pool(), id, "credentials/password", b"x").await.unwrap(), None);
    // Nothing more can be written about them.
    let mut batch = Batch::default();
    batch.add::<Account>(id.0, 2, &Account::default().decide(register(id)).unwrap()).unwrap();
    assert!(matches!(s.log.append(batch, Act::default()).await, Err(StoreError::NoSubjectKey)));
}

#[tokio::test]
async fn nothing_personal_is_written_about_somebody_without_a_key() {
    let s = store().await;
    let id = AccountId(Uuid::now_v7());
    let refused = s.log.execute::<Account>(id.0, register(id), support::fresh()).await;
    assert!(matches!(refused, Err(ExecuteError::Store(StoreError::NoSubjectKey))));
}

#[tokio::test]
async fn a_person_whose_registration_fails_leaves_no_key() {
    let s = store().await;
    registered(&s).await;
    let second = AccountId(Uuid::now_v7());
    // The same address.
    let refused = s.log.execute::<Account>(second.0, register(second), registration(&s.log, second)).await;
    assert!(matches!(refused, Err(ExecuteError::Store(StoreError::Claimed(ClaimKind::Email)))));
    let keys: i64 =
        sqlx::query_scalar("SELECT count(*) FROM subject_keys").fetch_one(s.log.pool()).await.unwrap();
    assert_eq!(keys, 1);
}

/// A copy of the first event under another stream, its payload changed by `change`.
async fn tampered(s: &Store, id: AccountId, change: impl Fn(&mut Value)) -> Result<(), StoreError> {
    let event = first_event(&s.log).await;
    let mut payload: Value = serde_json::from_str(event.payload.get()).unwrap();
    change(&mut payload);
    let other = Uuid::now_v7();
    let text = payload.to_string().replace(&format!("account/{id}/"), &format!("account/{other}/"));
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('account', $1, 1, 'AccountRegistered', '1', $2::json, '{}')",
    )
    .bind(other.to_string())
    .bind(text)
    .execute(s.log.pool())
    .await
    .unwrap();
    s.log.load::<Account>(other).await.map(drop)
}

#[tokio::test]
async fn a_sealed_value_that_was_moved_or_changed_is_refused() {
    let s = store().await;
    let id = registered(&s).await;
    // To another stream, its own word changed with it.
    assert!(matches!(tampered(&s, id, |_| {}).await, Err(StoreError::Seal)));
    // To another field.
    let swapped = tampered(&s, id, |payload| {
        let fields = &mut payload["AccountRegistered"];
        fields["first_name"] = fields["last_name"].clone();
    });
    assert!(matches!(swapped.await, Err(StoreError::Seal)));
    // In the clear.
    let clear = tampered(&s, id, |payload| {
        for field in ["first_name", "last_name", "email", "phone"] {
            payload["AccountRegistered"][field] = json!({"personal": {"subject": id, "value": "Eve"}});
        }
    });
    assert!(matches!(clear.await, Err(StoreError::Seal)));

    let sealed = first_event(&s.log).await.sealed("email").unwrap().unwrap();
    let mut flipped = sealed.clone();
    let mut bytes = BASE64_STANDARD.decode(sealed["personal"]["sealed"].as_str().unwrap()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    flipped["personal"]["sealed"] = BASE64_STANDARD.encode(bytes).into();
    let mut moved = sealed.clone();
    moved["personal"]["at"] = format!("account/{id}/1/AccountRegistered/phone").into();
    let other = registered_as(&s, "other@example.org").await;
    let mut of_another = sealed.clone();
    of_another["personal"]["subject"] = json!(other);
    for wrong in [flipped, moved, of_another, json!("not sealed at all")] {
        assert!(matches!(s.log.open(&[wrong]).await, Err(StoreError::Seal)));
    }
    assert!(s.log.open(&[sealed]).await.unwrap()[0].is_some());
}

async fn registered_as(s: &Store, email: &str) -> AccountId {
    let id = AccountId(Uuid::now_v7());
    let registration =
        stage_domain::account::Registration::new(id, "Eve", "E", email, None, stage_domain::Language::En)
            .unwrap();
    let act = Act { subject: Some(s.log.keyring().new_subject(id).unwrap()), ..support::fresh() };
    s.log.execute::<Account>(id.0, AccountCommand::Register { registration, at: at() }, act).await.unwrap();
    id
}

#[tokio::test]
async fn a_secret_of_our_own_rows_opens_for_its_person_and_place_alone() {
    let s = store().await;
    let id = AccountId(Uuid::now_v7());
    let new = s.log.keyring().new_subject(id).unwrap();
    // Sealed before the key is written.
    let sealed = new.seal_secret("credentials/password", b"hash").unwrap();
    let act = Act { subject: Some(new), ..support::fresh() };
    s.log.execute::<Account>(id.0, register(id), act).await.unwrap();
    let (keyring, pool) = (s.log.keyring(), s.log.pool());
    assert_eq!(
        keyring.open_secret(pool, id, "credentials/password", &sealed).await.unwrap().unwrap(),
        b"hash"
    );
    assert!(matches!(keyring.open_secret(pool, id, "sessions/token", &sealed).await, Err(StoreError::Seal)));
}

#[tokio::test]
async fn a_wrong_master_key_is_refused_at_the_start() {
    let s = store().await;
    let wrong = Keyring::open(s.log.pool(), MasterKey::generate()).await;
    assert!(matches!(wrong, Err(StoreError::WrongMasterKey)));
    assert!(Keyring::open(s.log.pool(), s.master.clone()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_in_an_empty_database_get_the_same_keys() {
    let database = stage_testkit::database().await;
    let master = MasterKey::generate();
    let starts = (0..6).map(|_| {
        let (pool, master) = (database.pool.clone(), master.clone());
        tokio::spawn(async move { Keyring::open(&pool, master).await.unwrap().digest("test", b"value") })
    });
    let digests = futures::future::try_join_all(starts).await.unwrap();
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

#[test]
fn hashes_for_different_purposes_have_nothing_in_common() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let s = runtime.block_on(store());
    let keyring = s.log.keyring();
    assert_ne!(keyring.digest("a", b"bc"), keyring.digest("ab", b"c"));
    assert_ne!(keyring.digest("a", b"x"), keyring.digest("b", b"x"));
    assert_eq!(keyring.digest("a", b"x"), keyring.digest("a", b"x"));
}

#[tokio::test]
async fn keys_show_nothing_of_themselves() {
    use secrecy::ExposeSecret;
    let s = store().await;
    let keyring = Arc::new(Keyring::open(s.log.pool(), s.master.clone()).await.unwrap());
    assert!(!format!("{keyring:?}").contains(&s.master.to_hex().expose_secret()[..16]));
}
