//! A database, an object store and the use cases on top, for one test.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use stage_commands::{
    Actor, CommandError, Commands, IdempotencyKey, Request, accounts::Register, members::Invite,
};
use stage_domain::{
    AccountId, InvitationId, Language, SessionId, SourceId, StageId, account::Account, post::PostContent,
    source::Network, stage::Role,
};
use stage_store::{Hint, Keyring, Log, MasterKey, Position};
use uuid::Uuid;

pub const PASSWORD: &str = "correct horse battery";

pub struct House {
    pub commands: Commands,
    pub database: stage_testkit::TestDatabase,
    _objects: stage_testkit::TestObjects,
}

struct Nobody;

impl Hint for Nobody {
    fn appended(&self, _: Position) {}
}

impl House {
    pub async fn new() -> Self {
        let database = stage_testkit::database().await;
        let objects = stage_testkit::objects().await;
        let keyring = Keyring::open(&database.pool, MasterKey::generate()).await.unwrap();
        let log = Log::new(database.pool.clone(), keyring, Arc::new(Nobody));
        Self { commands: Commands::new(log, objects.objects.clone()), database, _objects: objects }
    }

    /// The same use cases while the object store is away.
    pub async fn without_objects(&self) -> Commands {
        let mut away = stage_testkit::objects().await;
        away.end().await;
        Commands::new(self.commands.log.clone(), away.objects.clone())
    }

    pub async fn registered(&self, email: &str) -> Actor {
        let done = self.commands.register(person(email), request(0)).await.unwrap();
        Actor { account: done.id.into(), session: SessionId(Uuid::now_v7()) }
    }

    pub async fn log_in(&self, email: &str) -> Result<Actor, CommandError> {
        let fresh = [*Uuid::now_v7().as_bytes(), [7; 16]].concat().try_into().unwrap();
        Ok(self.commands.log_in(email, PASSWORD.into(), fresh, request(0)).await?.actor)
    }

    pub async fn account(&self, account: AccountId) -> Account {
        self.commands.log.load::<Account>(account.0).await.unwrap().aggregate
    }

    /// Invites, and gives the link's token as the mail has it.
    pub async fn invited(&self, owner: Actor, stage: StageId, role: Role) -> (InvitationId, SecretString) {
        let email = format!("{}@example.org", Uuid::now_v7());
        let done = self.commands.invite(owner, stage, invite(&email, role), request(0)).await.unwrap();
        let invitation = InvitationId(done.id);
        let mail = self.commands.invitation_mail(invitation, at(0)).await.unwrap().unwrap();
        assert_eq!((mail.email, mail.role), (email, role));
        (invitation, mail.token)
    }

    /// Invites somebody, who accepts.
    pub async fn joins(&self, owner: Actor, stage: StageId, who: Actor, role: Role) {
        let (_, token) = self.invited(owner, stage, role).await;
        self.commands.accept_invitation(who, &token, request(1)).await.unwrap();
    }

    pub async fn stage(&self, actor: Actor, handle: &str) -> StageId {
        self.commands.create_stage(actor, "Rathaus", handle, request(0)).await.unwrap().id.into()
    }

    pub async fn source(&self, actor: Actor, stage: StageId, address: &str) -> SourceId {
        let done = self.commands.link_source(actor, stage, Network::Feed, address, None, request(0)).await;
        done.unwrap().id.into()
    }

    pub async fn events(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&self.database.pool).await.unwrap()
    }
}

pub fn invite(email: &str, role: Role) -> Invite {
    Invite { email: email.into(), role, language: Language::En }
}

pub fn person(email: &str) -> Register {
    Register {
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
        email: email.into(),
        phone: None,
        password: PASSWORD.into(),
        language: Language::En,
    }
}

/// A time so many seconds after noon.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub fn request(seconds: i64) -> Request {
    Request { at: at(seconds), new_id: Uuid::now_v7(), expected: None, idempotency: None }
}

pub fn keyed(key: &str, fingerprint: u8) -> Request {
    let idempotency = Some(IdempotencyKey { key: key.into(), fingerprint: [fingerprint; 32] });
    Request { idempotency, ..request(0) }
}

pub fn text(text: &str) -> PostContent {
    PostContent { text: text.into(), ..PostContent::default() }
}
