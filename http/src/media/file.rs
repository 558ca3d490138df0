use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use utoipa::ToSchema;

use crate::{
    extract::Payload,
    problem::{Kind, Problem},
};

/// Media types that a file may be announced as. What it really is, its first bytes tell.
const RAW: &[&str] = &["application/octet-stream", "image/png", "image/jpeg", "image/gif", "image/webp"];

/// The bytes of a picture.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, min_length = 1)]
#[allow(dead_code, reason = "it only describes what the contract calls binary")]
pub(crate) struct Picture(Vec<u8>);

/// A file: the body itself, or the part `file` of a form.
pub(crate) struct File(pub(crate) Bytes);

impl Payload for File {
    /// 10 MiB, and some room for what a form puts around it.
    const MOST: Option<usize> = Some((10 << 20) + (64 << 10));

    async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let file = match essence.as_str() {
            "multipart/form-data" => part(kind, body).await?,
            raw if RAW.contains(&raw) => body,
            _ => return Err(Problem::new(Kind::UnsupportedMediaType)),
        };
        match file.is_empty() {
            true => Err(Problem::field(Kind::Validation, "file", "required", "must not be empty")),
            false => Ok(Self(file)),
        }
    }
}

async fn part(kind: &str, body: Bytes) -> Result<Bytes, Problem> {
    let malformed = |_| Problem::new(Kind::Malformed);
    let request = Request::builder().header(header::CONTENT_TYPE, kind).body(Body::from(body));
    let mut request = request.map_err(|_| Problem::new(Kind::Malformed))?;
    // Bounded already, above the framework's own two megabytes.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Problem::new(Kind::Malformed))?;
    let mut file = None;
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().replace(char::is_control, "?");
        let refused = |code, text| Problem::field(Kind::Validation, &name, code, text);
        match name.as_str() {
            "file" if file.is_some() => return Err(refused("repeated", "must be given once")),
            "file" => file = Some(field.bytes().await.map_err(malformed)?),
            _ => return Err(refused("unknown_field", "is not known here")),
        }
    }
    file.ok_or_else(|| Problem::field(Kind::Validation, "file", "required", "is missing"))
}
