//! Old forms of events, brought to the present one as they are read. The log itself never changes.
//!
//! Who changes the shape of an event raises its version in `domain`, adds an upcaster here, and leaves the old form
//! in tests/samples, where a test still reads it.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};

/// In the order in which they apply. None yet: every event is in its first form.
pub(super) fn all() -> Vec<Box<dyn EventUpcaster>> {
    Vec::new()
}

pub(super) fn upcast(event: SerializedEvent) -> SerializedEvent {
    all().into_iter().fold(event, |event, upcaster| {
        match upcaster.can_upcast(&event.event_type, &event.event_version) {
            true => upcaster.upcast(event),
            false => event,
        }
    })
}

/// Whether no upcaster has anything to do.
pub(super) fn is_present(event_type: &str, event_version: &str) -> bool {
    !all().iter().any(|upcaster| upcaster.can_upcast(event_type, event_version))
}
