//! Aggregates by the name of their type, for replaying a stream of any.

use serde::Serialize;
use serde_json::Value;
use stage_domain::{
    Decide, access::Access, account::Account, post::Post, projection::Projection, source::Source,
    stage::Stage,
};
use stage_store::{Recorded, StoreError};

/// An aggregate that events happen to.
pub(super) trait Fold: Send {
    fn on(&mut self, event: &Recorded) -> Result<(), StoreError>;

    /// What the aggregate's next decision would know.
    fn state(&self) -> Option<Value>;
}

impl<A: Decide + Serialize> Fold for A {
    fn on(&mut self, event: &Recorded) -> Result<(), StoreError> {
        event.apply_to(self)
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}

/// Makes an aggregate that nothing has happened to yet.
type New = fn() -> Box<dyn Fold>;

/// The aggregate of this type; `None` for a type that this program does not know.
pub(super) fn of(stream_type: &str) -> Option<Box<dyn Fold>> {
    let all = [
        kind::<Account>(),
        kind::<Stage>(),
        kind::<Source>(),
        kind::<Post>(),
        kind::<Access>(),
        kind::<Projection>(),
    ];
    all.into_iter().find(|(name, _)| *name == stream_type).map(|(_, new)| new())
}

fn kind<A: Decide + Serialize + 'static>() -> (&'static str, New) {
    (A::TYPE, || Box::new(A::default()))
}
