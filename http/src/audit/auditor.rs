use axum::Json;
use serde::Serialize;
use stage_commands::auditors::Scope;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{contract::responses::AuditorRefusals, extract::Auditor, problem::Problem};

/// The auditor whose token was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditorInfo {
    /// As the log names who read personal values.
    id: Uuid,
    scopes: Vec<ScopeName>,
}

/// What a token allows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Scope)]
pub(crate) enum ScopeName {
    /// The log, with personal values sealed.
    Read,
    /// Personal values too.
    ReadPersonal,
}

impl From<Scope> for ScopeName {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::ReadPersonal => Self::ReadPersonal,
        }
    }
}

/// Read who I am as an auditor
#[utoipa::path(
    get, path = "/v1/audit/auditor", operation_id = "read_auditor", tag = "audit",
    security(("auditor" = [])),
    responses((status = 200, description = "The auditor", body = AuditorInfo), AuditorRefusals),
)]
pub(crate) async fn auditor(Auditor(auditor): Auditor) -> Result<Json<AuditorInfo>, Problem> {
    let scopes = auditor.scopes().iter().copied().map(ScopeName::from).collect();
    Ok(Json(AuditorInfo { id: auditor.id.0, scopes }))
}
