//! The contract: the OpenAPI document, built from the handlers, and the check of every body against it.

pub(crate) mod check;
pub(crate) mod params;
pub(crate) mod responses;
pub(crate) mod text;
pub(crate) mod word;

use std::sync::OnceLock;

use serde_json::Value;
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{answer::Receipt, problem::ProblemBody};

/// What there is to say about all operations at once.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Stage",
        description = include_str!("description.md"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Receipt, ProblemBody)),
    tags(
        (name = "accounts", description = "Registering, and who one is"),
        (name = "sessions", description = "Logging in and out"),
        (name = "stages", description = "An organisation's stages"),
        (name = "team", description = "Who belongs to a stage, and inviting others"),
        (name = "topics", description = "What a stage sorts its posts into"),
        (name = "sources", description = "What a stage imports"),
        (name = "posts", description = "Moderating posts"),
        (name = "media", description = "Uploaded files"),
        (name = "public", description = "What everybody can read, without a key and without a cookie"),
        (name = "audit", description = "For auditors, with a token of their own"),
        (name = "operations", description = "For whoever runs it"),
    )
)]
struct Base;

/// The document without its operations.
pub(crate) fn base() -> OpenApi {
    let mut openapi = Base::openapi();
    let components = openapi.components.get_or_insert_default();
    let cookie = ApiKeyValue::with_description(
        "__Host-session",
        "Set by POST /api/v1/session. Over plain http its name is `session`.",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let token = ApiKeyValue::with_description(
        "X-XSRF-TOKEN",
        "The value of the cookie XSRF-TOKEN, with everything that changes something.",
    );
    components.add_security_scheme("xsrf", SecurityScheme::ApiKey(ApiKey::Header(token)));
    let auditor = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An auditor's token: an operator makes one with `stage auditor add`."))
        .build();
    components.add_security_scheme("auditor", SecurityScheme::Http(auditor));
    openapi
}

/// The whole document as JSON, made once.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_value(crate::openapi()).unwrap_or_default())
}
