//! The catalogue: every text that a person reads, in each language. Codes are the keys.

mod badge;
mod faults;
mod history;
mod home;
mod links;
mod page;
mod problems;

pub(crate) use badge::badge;
pub(crate) use faults::fault;
pub(crate) use history::history;
pub(crate) use home::home;
pub(crate) use links::{Links, links};
pub(crate) use page::{PageText, page};
pub(crate) use problems::{missing, problem, sentence};
