use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use stage_commands::accounts::Disclosure;
use stage_projections::outbox::{Deliveries, DisclosureView};
use utoipa::ToSchema;

use crate::{app::Shared, clock, contract::responses::ExportRefusals, extract::Session, problem::Problem};

/// A zip file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "it only describes what the contract calls binary")]
pub(crate) struct Archive(Vec<u8>);

/// Take everything about me along
///
/// The rights of access and to portability (Art. 15 and 20 GDPR): one zip file with what is known about me, what it is
/// used for, who is told and who was, my sessions, my stages with their posts, files and sources (OPML), and every event of
/// the log about them, with each look of an auditor at my data. Another installation takes it in with `stage account import`.
#[utoipa::path(
    get, path = "/api/v1/account/export", operation_id = "export_account", tag = "accounts",
    security(("session" = [])),
    responses(
        (status = 200, description = "The archive", content((Archive = "application/zip")),
            headers(("Content-Disposition" = String, description = "A name for the file"))),
        ExportRefusals,
    ),
)]
pub(crate) async fn export(State(app): State<Shared>, session: Session) -> Result<Response, Problem> {
    let account = session.actor.account;
    let told = Deliveries::new(app.reads.log.pool().clone()).disclosures(account).await?;
    let told = told.into_iter().map(|view| {
        let DisclosureView { recipient, first_at, last_at } = view;
        Disclosure { recipient, first_at, last_at }
    });
    let parts = app.commands.export_account(account, told.collect(), clock::now()).await?;
    // Why it breaks off is for the log; the reader sees that it does.
    let parts = parts.inspect_err(|error| tracing::warn!(%error, "an export broke off"));
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"stage-export.zip\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}
