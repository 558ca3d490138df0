//! Where this room takes the time, new ids and randomness from. They go inward as arguments.
#![allow(
    clippy::disallowed_methods,
    reason = "this is the edge: what a handler asks for here goes inward as an argument"
)]

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// For a token that nobody can guess.
pub(crate) fn secret() -> [u8; 32] {
    rand::random()
}

/// For a secret that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    rand::random()
}

/// Several of them.
pub(crate) fn many<const N: usize, const M: usize>() -> [[u8; N]; M] {
    std::array::from_fn(|_| rand::random())
}
