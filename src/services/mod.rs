//! The services that `stage up` keeps for itself: PostgreSQL and NATS as child processes, S3 in this process.
//!
//! `child` keeps a process running, `leftover` finds what a killed run left behind, `nursery` makes sure that
//! children end with the program. Start with `postgres.rs`.

mod child;
mod files;
mod leftover;
pub(crate) mod nats;
mod nursery;
pub(crate) mod postgres;
pub(crate) mod s3;
mod user;

pub(crate) use user::OpenDir;

use child::Kept;
use nursery::Nursery;
use user::User;

use crate::{config::UpArgs, data_dir::DataDir, failure::Failure, stop::Stop};

/// What runs, in the order in which it was started.
pub(crate) struct Services {
    nursery: Nursery,
    user: Option<User>,
    kept: Vec<Kept>,
    s3: Option<s3::S3>,
}

impl Services {
    pub(crate) fn none_yet() -> Result<Self, Failure> {
        Ok(Self { nursery: Nursery::start()?, user: None, kept: Vec::new(), s3: None })
    }

    /// Starts everything. What was started stays known, so that [`Services::end`] ends it also after a failure
    /// or when this is dropped half-way.
    pub(crate) async fn start(&mut self, args: &UpArgs, data: &DataDir) -> Result<Addresses, Failure> {
        self.user = User::to_run_as(data)?;
        let postgres = postgres::start(self, args, data).await?;
        let nats = nats::start(self, data).await?;
        let (s3, objects) = s3::start(data).await?;
        self.s3 = Some(s3);
        Ok(Addresses { postgres, nats, objects })
    }

    /// Ends everything, the last started first.
    pub(crate) async fn end(self, stop: &Stop) {
        if let Some(s3) = self.s3 {
            s3.end(stop).await;
        }
        for kept in self.kept.into_iter().rev() {
            kept.end(stop).await;
        }
    }
}

/// Where the rooms find what was started.
pub(crate) struct Addresses {
    pub(crate) postgres: sqlx::postgres::PgConnectOptions,
    pub(crate) nats: nats::NatsAddress,
    pub(crate) objects: stage_store::ObjectsSettings,
}
