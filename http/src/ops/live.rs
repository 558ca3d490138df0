use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::contract::responses::NoRefusals;

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Live {
    #[schema(example = "live")]
    status: &'static str,
}

/// Is the process alive?
#[utoipa::path(
    get, path = "/health/live", operation_id = "live", tag = "operations",
    responses((status = 200, description = "It is", body = Live), NoRefusals),
)]
pub(crate) async fn live() -> Json<Live> {
    Json(Live { status: "live" })
}
