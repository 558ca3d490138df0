//! Every route, once. The router and the contract are made from the same list.

use axum::{Router, middleware, routing::get};
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    accounts,
    app::Shared,
    audit, contract, edge, invitations, media, members, ops, pages, posts,
    problem::{Kind, Problem},
    public, second_factor, session, sources, stages, topics, views,
};

pub(crate) fn documented() -> (Router<Shared>, OpenApi) {
    OpenApiRouter::with_openapi(contract::base())
        .merge(dashboard())
        .merge(readers())
        .merge(auditors())
        .merge(operators())
        .split_for_parts()
}

fn dashboard() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(accounts::register::register))
        .routes(routes!(accounts::read::read))
        .routes(routes!(accounts::request_verification::request_verification))
        .routes(routes!(accounts::verify::verify))
        .routes(routes!(accounts::change_password::change_password))
        .routes(routes!(accounts::request_reset::request_reset))
        .routes(routes!(accounts::reset::reset))
        .routes(routes!(accounts::correct::correct))
        .routes(routes!(accounts::erase::erase))
        .routes(routes!(accounts::export::export))
        .routes(routes!(accounts::restrict::restrict))
        .routes(routes!(accounts::object::object))
        .routes(routes!(second_factor::read::read))
        .routes(routes!(second_factor::begin::begin))
        .routes(routes!(second_factor::confirm::confirm))
        .routes(routes!(second_factor::renew::renew))
        .routes(routes!(second_factor::end::end))
        .routes(routes!(session::log_in::log_in))
        .routes(routes!(session::read::read))
        .routes(routes!(session::log_out::log_out))
        .routes(routes!(session::list::list))
        .routes(routes!(session::end::end))
        .routes(routes!(stages::create::create))
        .routes(routes!(stages::list::list))
        .routes(routes!(stages::read::read))
        .routes(routes!(stages::change::change))
        .routes(routes!(stages::close::close))
        .routes(routes!(stages::history::history))
        .routes(routes!(views::stage::views))
        .routes(routes!(views::post::views))
        .routes(routes!(members::list::list))
        .routes(routes!(members::change::change))
        .routes(routes!(members::remove::remove))
        .routes(routes!(invitations::send::send))
        .routes(routes!(invitations::list::list))
        .routes(routes!(invitations::withdraw::withdraw))
        .routes(routes!(invitations::accept::accept))
        .routes(routes!(topics::define::define))
        .routes(routes!(topics::preview::preview))
        .routes(routes!(topics::change::change))
        .routes(routes!(topics::remove::remove))
        .routes(routes!(sources::link::link))
        .routes(routes!(sources::change::change))
        .routes(routes!(sources::unlink::unlink))
        .routes(routes!(sources::poll::poll))
        .routes(routes!(media::add::add))
        .routes(routes!(posts::list::list))
        .routes(routes!(posts::hide::hide))
        .routes(routes!(posts::show::show))
        .routes(routes!(posts::pin::pin))
        .routes(routes!(posts::unpin::unpin))
        .routes(routes!(posts::assign::assign))
        .routes(routes!(posts::redact::redact))
}

fn readers() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(public::stage::stage))
        .routes(routes!(public::posts::posts))
        .routes(routes!(public::feed::json))
        .routes(routes!(public::feed::atom))
        .routes(routes!(public::feed::rss))
        .routes(routes!(public::changes::changes))
        .routes(routes!(public::live::live))
        .routes(routes!(public::post::post))
        .routes(routes!(public::oembed::oembed))
        .routes(routes!(public::page::stage))
        .routes(routes!(public::page::post))
        .routes(routes!(public::sitemap::index))
        .routes(routes!(public::sitemap::of_stage))
        .routes(routes!(public::sitemap::robots))
        .routes(routes!(public::media::media))
        .routes(routes!(public::views::views))
        .routes(routes!(views::public::of_stage))
        .routes(routes!(views::public::of_post))
        .routes(routes!(views::badge::of_stage))
        .routes(routes!(views::badge::of_post))
}

fn auditors() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(audit::auditor::auditor))
        .routes(routes!(audit::proofs::checkpoint))
        .routes(routes!(audit::proofs::inclusion))
        .routes(routes!(audit::proofs::consistency))
        .routes(routes!(audit::export::export))
        .routes(routes!(audit::events::events))
        .routes(routes!(audit::stream::stream))
}

fn operators() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(ops::live::live))
        .routes(routes!(ops::ready::ready))
        .routes(routes!(ops::metrics::metrics).layer(CompressionLayer::new()))
        .routes(routes!(ops::openapi::openapi))
}

pub(crate) fn router(app: Shared) -> Router {
    // Swagger UI would else ask a validator on another host.
    let docs = SwaggerUi::new("/docs").config(Config::new(["/openapi.json"]).validator_url("none"));
    let (routes, _) = documented();
    let routes = routes
        .route("/", get(ops::home::home))
        .merge(pages::pages())
        .merge(Router::from(docs).layer(CompressionLayer::new()))
        .fallback(|| async { Problem::new(Kind::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Kind::MethodNotAllowed) })
        .layer(edge::catch())
        .layer(middleware::from_fn_with_state(app.clone(), edge::finish))
        .with_state(app.clone());
    Router::new().fallback_service(edge::Hot::new(app, routes))
}
