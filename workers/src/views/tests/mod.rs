#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod crashes;
mod house;
mod kill;
mod law;
mod nats;
mod process;
mod stream;
