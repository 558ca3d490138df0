//! One file a recipient.

pub mod mail;
mod slack;

pub use slack::Slack;
