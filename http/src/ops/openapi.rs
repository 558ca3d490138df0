use std::sync::OnceLock;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
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
    kept::Coding,
    session::cookies,
};

/// The contract
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "operations",
    params(ConditionHeaders),
    responses(
        (status = 200, description = "This document", body = Value, content_type = "application/json",
            headers(("ETag" = String, description = "Of these very bytes, so that each coding has its own"))),
        NotModified,
        NoRefusals,
    ),
)]
pub(crate) async fn openapi(State(app): State<Shared>, reader: Reader) -> Response {
    let (body, coding) = encoded(app.settings.secure_cookies, reader.coding);
    let mut response = reader.bytes(body.clone(), "application/json", &etag(&body), "public, no-cache");
    let unchanged = response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(name) = coding.name().filter(|_| !unchanged) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

/// The document in a coding, made once.
fn encoded(secure: bool, coding: Coding) -> (Bytes, Coding) {
    static MADE: [[OnceLock<Bytes>; 3]; 2] = [const { [const { OnceLock::new() }; 3] }; 2];
    let [plain, gzip, brotli] = &MADE[usize::from(secure)];
    let whole = plain.get_or_init(|| served(secure));
    let cell = match coding {
        Coding::Identity => return (whole.clone(), coding),
        Coding::Gzip => gzip,
        Coding::Brotli => brotli,
    };
    // Writing into memory does not fail.
    let body = cell.get_or_init(|| coding.encode(whole).unwrap_or_default());
    (body.clone(), coding)
}

/// The document with the session cookie's name as this server gives it out.
fn served(secure: bool) -> Bytes {
    let mut document = contract::document().clone();
    if let Some(name) = document.pointer_mut("/components/securitySchemes/session/name") {
        *name = Value::from(cookies::session_name(secure));
    }
    document.to_string().into()
}
