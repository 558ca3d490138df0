//! HTTP: the routes, how requests are read, how answers and refusals are written, and the contract.
//!
//! A file per verb, each with what it reads, what it answers, its text in the contract and its handler. No SQL
//! and no decision is made here: a handler asks `stage-commands` or `stage-projections` and puts the answer
//! into JSON. Start with `stages/create.rs`, then `routes.rs`: who has seen one has seen all. What every request
//! goes through is in `edge/`; how it is read in `extract/`; `contract/` makes the OpenAPI document and
//! checks bodies against it; `problem/` says no; `texts/` has the words.

mod accounts;
mod answer;
mod app;
mod audit;
mod clock;
mod contract;
mod edge;
mod extract;
mod feeds;
mod invitations;
mod kept;
mod limits;
mod live;
mod media;
mod members;
mod ops;
mod pages;
mod posts;
mod problem;
mod public;
mod routes;
mod second_factor;
mod session;
mod settings;
mod sources;
mod stages;
mod texts;
mod topics;
mod views;

pub use app::{App, Probe, ViewSink};
pub use ops::operators;
pub use settings::{HttpSettings, Rate};

/// All routes. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: the limits on logging in
/// and registering need the client's address.
pub fn router(app: App) -> axum::Router {
    routes::router(app::Inner::new(app))
}

/// The contract, as `openapi/openapi.json` has it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::documented().1
}
