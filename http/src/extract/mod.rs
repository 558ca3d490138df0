//! How requests are read: who asks, what for, under which conditions. Every refusal here is a problem.

mod ask;
mod auditor;
mod client;
mod cookies;
mod ids;
mod origin;
mod payload;
mod query;
mod session;
mod viewer;
mod wait;

pub(crate) use ask::Ask;
pub(crate) use auditor::{Auditor, Shown};
pub(crate) use client::ClientAddress;
pub(crate) use cookies::cookie;
pub(crate) use ids::{Handle, HandleAnd, Ids};
pub(crate) use origin::OwnOrigin;
pub(crate) use payload::{Json, Nothing, Payload, body_bytes};
pub(crate) use query::Query;
pub(crate) use session::{Session, xsrf_token};
pub(crate) use viewer::Looks;
pub(crate) use wait::{WAIT_FOR, Waited};
