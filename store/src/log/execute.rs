use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cqrs_es::{AggregateError, CqrsFramework, persist::PersistedEventStore};
use stage_domain::Decide;
use uuid::Uuid;

use super::{
    Act, Log, Receipt,
    repository::{Repository, Slot},
    upcast,
};
use crate::{ExecuteError, StoreError};

impl Log {
    /// Loads, decides and appends, through the framework of cqrs-es. A conflict with another writer is decided anew,
    /// up to five times, unless the client named the version it expects.
    pub async fn execute<A>(
        &self,
        id: Uuid,
        command: A::Command,
        act: Act,
    ) -> Result<Receipt, ExecuteError<A::Error>>
    where
        A: Decide<Services = ()>,
        A::Command: Clone,
    {
        let act = Arc::new(act);
        let mut load = !act.new;
        let mut tries = Tries::default();
        loop {
            let error = match self.try_once::<A>(id, command.clone(), &act, load).await {
                Err(ExecuteError::Store(error)) => error,
                result => return result,
            };
            let again = matches!(error, StoreError::Conflict) || error.is_rolled_back_by_chance();
            if !again || !tries.again().await {
                return Err(error.given_up().into());
            }
            // A conflict on a stream that should have been new shows that it is there. And where the client named
            // a version, loading finds that it is not the stream's any more.
            load = true;
        }
    }

    async fn try_once<A>(
        &self,
        id: Uuid,
        command: A::Command,
        act: &Arc<Act>,
        load: bool,
    ) -> Result<Receipt, ExecuteError<A::Error>>
    where
        A: Decide<Services = ()>,
    {
        let slot = Arc::new(Slot::default());
        let connection = self.pool.acquire().await.map_err(StoreError::from)?.into();
        let repository = Repository {
            log: self.clone(),
            act: Arc::clone(act),
            load,
            slot: Arc::clone(&slot),
            keys: Mutex::default(),
            connection,
        };
        let store = PersistedEventStore::<_, A>::new_event_store(repository).with_upcasters(upcast::all());
        let framework = CqrsFramework::new(store, Vec::new(), ());
        let executed = framework.execute_with_metadata(&id.to_string(), command, act.metadata()).await;
        // The connection goes back before another one may be asked for.
        drop(framework);
        match executed {
            Ok(()) => Ok(slot.receipt()),
            Err(AggregateError::UserError(refusal)) => Err(ExecuteError::Refused(refusal)),
            Err(flattened) => Err(match slot.take_error() {
                Some(cause) => cause,
                None => self.why_unreadable::<A>(id, flattened).await,
            }
            .into()),
        }
    }

    /// The framework could not read an event, and does not say which. Loading it ourselves does.
    async fn why_unreadable<A: Decide>(&self, id: Uuid, flattened: AggregateError<A::Error>) -> StoreError {
        match self.load::<A>(id).await {
            Err(error) => error,
            Ok(_) => StoreError::Unwritable {
                event_type: A::TYPE.to_owned(),
                source: serde::ser::Error::custom(flattened),
            },
        }
    }
}

/// How often something is tried, and the pauses in between: up to 1, 2, 4, 8 and 16 ms, by chance, so that writers
/// who met once don't meet again.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    const MOST: u32 = 5;

    /// Waits a little, unless it was tried often enough.
    pub(super) async fn again(&mut self) -> bool {
        if self.0 == Self::MOST {
            return false;
        }
        let pause = Duration::from_micros(rand::random_range(100..=1_000 << self.0));
        self.0 += 1;
        metrics::counter!("stage_append_retries_total").increment(1);
        tokio::time::sleep(pause).await;
        true
    }
}
