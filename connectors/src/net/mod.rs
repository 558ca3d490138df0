//! Requests to servers that we don't trust: only to the public internet, bounded in time and size.

mod address;
mod client;
mod fault;
mod resolver;
mod retry;
#[cfg(test)]
mod tests;

pub(crate) use client::{Answer, Net, Page};
pub(crate) use retry::retry_after;
