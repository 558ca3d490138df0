//! Checkpoints and proofs, for auditors who check them without us.

use axum::{Json, extract::State};
use serde::Serialize;
use stage_store::{
    Position,
    proof::{self, ProofError},
};
use utoipa::ToSchema;

use crate::{
    app::Shared,
    contract::responses::ProofRefusals,
    extract::{Auditor, Query},
    problem::{Kind, Problem},
};

/// A signed head of the tree over the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedCheckpoint {
    /// How many events it is about.
    size: u64,
    /// The position of the last of them.
    position: i64,
    signed_at: chrono::DateTime<chrono::Utc>,
    /// C2SP tlog-checkpoint in a signed-note, to the byte: keep it.
    note: String,
}

/// Read the newest checkpoint
#[utoipa::path(
    get, path = "/v1/audit/checkpoint", operation_id = "read_checkpoint", tag = "audit",
    security(("auditor" = [])),
    responses((status = 200, description = "The newest checkpoint", body = SignedCheckpoint), ProofRefusals),
)]
pub(crate) async fn checkpoint(
    State(app): State<Shared>,
    _: Auditor,
    query: Query,
) -> Result<Json<SignedCheckpoint>, Problem> {
    query.only(&[])?;
    let signed = proof::checkpoint(app.reads.log.pool(), None).await?.ok_or(ProofError::NoCheckpoint)?;
    let proof::Signed { size, position, note, signed_at } = signed;
    Ok(Json(SignedCheckpoint { size, position, signed_at, note }))
}

/// That an event, as it is stored now, is in the log of a checkpoint.
#[derive(Serialize, ToSchema)]
pub(crate) struct InclusionProof {
    position: i64,
    /// The number of its leaf; the first is 0.
    index: u64,
    /// RFC 6962, section 2.1; base64.
    leaf: String,
    /// RFC 6962, section 2.1.1; base64, the leaf's neighbour first.
    path: Vec<String>,
    size: u64,
    root: String,
    /// The signed checkpoint of that size.
    checkpoint: String,
}

/// Prove that an event is in the log
#[utoipa::path(
    get, path = "/v1/audit/proofs/inclusion", operation_id = "prove_inclusion", tag = "audit",
    security(("auditor" = [])),
    params(("position" = i64, Query, description = "The event's position", minimum = 1, example = 1)),
    responses((status = 200, description = "The proof", body = InclusionProof), ProofRefusals),
)]
pub(crate) async fn inclusion(
    State(app): State<Shared>,
    _: Auditor,
    query: Query,
) -> Result<Json<InclusionProof>, Problem> {
    query.only(&["position"])?;
    let position = required(&query, "position", Position::MAX)?;
    let proof = proof::inclusion(app.reads.log.pool(), position, None).await?;
    Ok(Json(InclusionProof {
        position,
        index: proof.index,
        leaf: proof::base64(&proof.leaf),
        path: proof.path.iter().map(proof::base64).collect(),
        size: proof.size,
        root: proof::base64(&proof.root),
        checkpoint: proof.note,
    }))
}

/// A tree, with the checkpoint where its size was signed.
#[derive(Serialize, ToSchema)]
pub(crate) struct TreeHead {
    size: u64,
    /// Base64.
    root: String,
    checkpoint: Option<String>,
}

/// That a log is the beginning of a later one.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsistencyProof {
    from: TreeHead,
    to: TreeHead,
    /// RFC 6962, section 2.1.2; base64.
    path: Vec<String>,
}

/// Prove that an earlier log is the beginning of a later one
#[utoipa::path(
    get, path = "/v1/audit/proofs/consistency", operation_id = "prove_consistency", tag = "audit",
    security(("auditor" = [])),
    params(
        ("from" = i64, Query, description = "How many events the earlier log has", minimum = 1, example = 1),
        ("to" = Option<i64>, Query, description = "How many the later one has; without it, those of the newest \
            checkpoint", minimum = 1),
    ),
    responses((status = 200, description = "The proof", body = ConsistencyProof), ProofRefusals),
)]
pub(crate) async fn consistency(
    State(app): State<Shared>,
    _: Auditor,
    query: Query,
) -> Result<Json<ConsistencyProof>, Problem> {
    query.only(&["from", "to"])?;
    let from = required(&query, "from", i64::MAX)?.cast_unsigned();
    let to = query.number("to", 1, i64::MAX)?.map(i64::cast_unsigned);
    let proof = proof::consistency(app.reads.log.pool(), from, to, None).await?;
    let head = |head: proof::Head| TreeHead {
        size: head.size,
        root: proof::base64(&head.root),
        checkpoint: head.note,
    };
    let path = proof.path.iter().map(proof::base64).collect();
    Ok(Json(ConsistencyProof { from: head(proof.from), to: head(proof.to), path }))
}

fn required(query: &Query, name: &str, max: i64) -> Result<i64, Problem> {
    let missing = || stage_domain::Invalid::one(name, "required", "must not be empty").into();
    query.number(name, 1, max)?.ok_or_else(missing)
}

/// What is not there, or not yet, is a page that does not exist: no schema can tell it from what is.
impl From<ProofError> for Problem {
    fn from(error: ProofError) -> Self {
        let gone = |field, code, text| Self::field(Kind::NotFound, field, code, text);
        match error {
            ProofError::Store(error) => error.into(),
            ProofError::NoCheckpoint => Self::new(Kind::NotFound),
            ProofError::NoEvent(_) => gone("position", "no_event", "is not the position of an event"),
            ProofError::NotSigned(_) => gone("position", "not_signed", "is not in a checkpoint yet"),
            // The contract can't say how far the log is.
            ProofError::Sizes { to, size, .. } => {
                let (field, most) = if (1..=size).contains(&to) { ("from", to) } else { ("to", size) };
                Self::field(Kind::Validation, field, "no_such_size", &format!("must be 1 to {most}"))
            }
            ProofError::OldDatabase
            | ProofError::NotCanonical { .. }
            | ProofError::Checkpoint { .. }
            | ProofError::Tree
            | ProofError::Differs(_)
            | ProofError::Copy => {
                tracing::error!(error = %error, "a proof cannot be given");
                Self::new(Kind::Internal)
            }
        }
    }
}
