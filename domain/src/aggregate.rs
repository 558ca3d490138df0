//! How an aggregate of cqrs-es decides: purely.

use cqrs_es::{Aggregate, event_sink::EventSink};

/// An aggregate whose decision is a pure function of its state and a command.
pub trait Decide: Aggregate {
    /// What happens when `command` meets this state: the events, or the refusal. No event means that
    /// the command asked for what is already true.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;
}

/// The body of every [`Aggregate::handle`]: decide, then write each event.
pub async fn run<A: Decide>(
    aggregate: &mut A,
    command: A::Command,
    sink: &EventSink<A>,
) -> Result<(), A::Error> {
    for event in aggregate.decide(command)? {
        sink.write(event, aggregate).await;
    }
    Ok(())
}

/// Names and versions for the variants of an event enum. The name of a variant is the event's type for
/// ever; a variant whose shape changes gets a higher version and an upcaster in `store`.
#[macro_export]
macro_rules! event_types {
    ($event:ident { $($variant:ident = $version:literal),+ $(,)? }) => {
        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                match self { $(Self::$variant { .. } => stringify!($variant).to_owned()),+ }
            }
            fn event_version(&self) -> String {
                match self { $(Self::$variant { .. } => $version.to_owned()),+ }
            }
        }
        impl $event {
            /// Every event type of this stream with its current version.
            pub const TYPES: &[(&str, &str)] = &[$((stringify!($variant), $version)),+];
        }
    };
}

/// Lets an aggregate be driven by the framework of cqrs-es. Its `apply` belongs to the state's own file.
#[macro_export]
macro_rules! aggregate {
    ($state:ident, $type:literal, $command:ident, $event:ident, $error:ident) => {
        impl cqrs_es::Aggregate for $state {
            const TYPE: &'static str = $type;
            type Command = $command;
            type Event = $event;
            type Error = $error;
            type Services = ();

            async fn handle(
                &mut self,
                command: $command,
                _services: &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), $error> {
                $crate::run(self, command, sink).await
            }

            fn apply(&mut self, event: $event) {
                self.on(event);
            }
        }
    };
}
