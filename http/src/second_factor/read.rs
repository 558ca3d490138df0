use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::Shared, contract::responses::SessionRefusals, extract::Session, problem::Problem};

/// Whether a log-in asks for a code.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactor {
    enabled: bool,
    /// Absent while it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enabled_at: Option<DateTime<Utc>>,
    recovery_codes_left: u32,
}

/// Is my second factor on?
#[utoipa::path(
    get, path = "/api/v1/account/second-factor", operation_id = "read_second_factor", tag = "accounts",
    security(("session" = [])),
    responses((status = 200, description = "Whether it is", body = SecondFactor), SessionRefusals),
)]
pub(crate) async fn read(State(app): State<Shared>, session: Session) -> Result<Json<SecondFactor>, Problem> {
    let factor = app.commands.second_factor(session.actor).await?;
    Ok(Json(SecondFactor {
        enabled: factor.enabled_at.is_some(),
        enabled_at: factor.enabled_at,
        recovery_codes_left: factor.recovery_codes_left,
    }))
}
