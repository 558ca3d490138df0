use std::sync::OnceLock;

use axum::{extract::State, response::Response};
use bytes::Bytes;
use serde_json::Value;

use crate::{
    answer::{Reader, etag},
    app::Shared,
    contract::{
        self,
        params::ConditionHeaders,
        responses::{NoRefusals, NotModified},
    },
    session::cookies,
};

/// The contract
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "operations",
    params(ConditionHeaders),
    responses(
        (status = 200, description = "This document", body = Value, content_type = "application/json",
            headers(("ETag" = String, description = "Of these very bytes"))),
        NotModified,
        NoRefusals,
    ),
)]
pub(crate) async fn openapi(State(app): State<Shared>, reader: Reader) -> Response {
    static SECURE: OnceLock<Bytes> = OnceLock::new();
    static PLAIN: OnceLock<Bytes> = OnceLock::new();
    let secure = app.settings.secure_cookies;
    let cell = if secure { &SECURE } else { &PLAIN };
    let body = cell.get_or_init(|| served(secure));
    reader.bytes(body.clone(), "application/json", &etag(body), "public, no-cache")
}

/// The document with the session cookie's name as this server gives it out.
fn served(secure: bool) -> Bytes {
    let mut document = contract::document().clone();
    if let Some(name) = document.pointer_mut("/components/securitySchemes/session/name") {
        *name = Value::from(cookies::session_name(secure));
    }
    document.to_string().into()
}
