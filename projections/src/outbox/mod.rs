//! The outbox: what is told to recipients outside, fed from the log.
//!
//! Each recipient has a consumer of its own (`apply.rs`), which the engine runs like a projection: deliveries and
//! checkpoint are one transaction, so each event is enqueued exactly once. It is in no list of read models, because to
//! build it anew would be to send everything again. `queue.rs` hands deliveries to the one worker that sends them,
//! `view.rs` and `query.rs` show an operator what waits and what failed, `act.rs` is what they can do about it.
//!
//! A WebSub hub is no such recipient: `hub.rs` says why.
//!
//! A delivery says which event it is about and holds nothing of it: what is sent is read from the log at the moment
//! of sending.

mod act;
mod apply;
mod delivery;
mod hub;
mod query;
mod queue;
mod sweep;
mod view;

pub use apply::{News, Outbox, Routes, begin_at_present};
pub use delivery::{Delivery, Draft, RESTRICTED, delivery_id};
pub use hub::{Heads, Hub, Unheard};
pub use queue::{
    KeptBack, Next, alert, begin, is_disclosed, load_of, look_again, next, sent, settle, try_again,
};
pub use sweep::DELIVERY_LIFE;
pub use view::{DeliveryView, DisclosureView, RecipientView};

/// The deliveries of all recipients, for an operator. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    pool: sqlx::PgPool,
}

impl Deliveries {
    #[must_use]
    pub fn new(pool: sqlx::PgPool) -> Self {
        Self { pool }
    }
}
