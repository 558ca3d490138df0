//! Answers that many operations share, written once for the contract.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{
        Content, Ref, RefOr, Response, ResponseBuilder, Type,
        header::{Header, HeaderBuilder},
        schema::ObjectBuilder,
    },
};

use crate::problem::Kind;

type Responses = BTreeMap<String, RefOr<Response>>;

fn header(kind: Type, description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(kind).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// Problem answers of these kinds, one for each status.
fn problems(kinds: &[Kind]) -> Responses {
    let mut by_status: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status().as_str().to_owned()).or_default().push(*kind);
    }
    by_status.into_iter().map(|(status, kinds)| (status, problem(&kinds).into())).collect()
}

fn problem(kinds: &[Kind]) -> Response {
    let text = |kind: &Kind| {
        let title = crate::texts::problem(*kind, stage_domain::Language::En).title;
        format!("{title} (`{}`)", kind.uri())
    };
    let description = kinds.iter().map(text).collect::<Vec<_>>().join("; ");
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response =
        ResponseBuilder::new().description(description).content("application/problem+json", content).header(
            "Content-Language",
            header(Type::String, "The language of `title`, `detail` and the messages"),
        );
    let response = match kinds.iter().any(|kind| kind.status() == 429 || kind.status() == 503) {
        true => response.header("Retry-After", header(Type::Integer, "In seconds")),
        false => response,
    };
    match kinds.iter().find_map(|kind| kind.challenge()?.split(' ').next()) {
        Some(scheme) => {
            response.header("WWW-Authenticate", header(Type::String, &format!("`{scheme}`"))).build()
        }
        None => response.build(),
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident [$($kind:ident)*])*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> Responses {
                problems(&[$(Kind::$kind,)* Kind::Internal, Kind::TimedOut, Kind::Unavailable])
            }
        }
    )*};
}

refusals! {
    /// Of a command with a body.
    WriteRefusals [Malformed BadHeader NotLoggedIn Xsrf ForeignOrigin NotFound Taken Refused Busy Version TooLarge
        UnsupportedMediaType Validation KeyReused]
    /// Of erasing an account.
    EraseRefusals [Malformed BadHeader NotLoggedIn Xsrf ForeignOrigin NotFound Refused Busy Version
        TooLarge UnsupportedMediaType Validation RateLimited]
    /// Of taking one's data along.
    ExportRefusals [NotLoggedIn NotFound]
    /// Of ending a session.
    EndRefusals [NotLoggedIn Xsrf ForeignOrigin NotFound Validation]
    /// Of a command with a body that a role in the stage's team is needed for.
    TeamWriteRefusals [Malformed BadHeader NotLoggedIn Xsrf ForeignOrigin Role NotFound Taken Refused Busy Version
        TooLarge UnsupportedMediaType Validation KeyReused]
    /// The same of one without a body.
    TeamActRefusals [Malformed BadHeader NotLoggedIn Xsrf ForeignOrigin Role NotFound Refused Busy Version TooLarge
        Validation KeyReused]
    /// Of a read about a stage.
    TeamRefusals [BadHeader NotLoggedIn Role NotFound Validation Behind]
    /// Of a question about a stage with a body, which changes nothing.
    TeamAskRefusals [Malformed BadHeader NotLoggedIn Xsrf ForeignOrigin Role NotFound TooLarge UnsupportedMediaType
        Validation Behind]
    /// Of reading invitations, which asks no read model.
    InvitationsRefusals [NotLoggedIn Role NotFound Validation]
    /// Of a read in the dashboard.
    ReadRefusals [BadHeader NotLoggedIn NotFound Validation Behind]
    /// Of a read in the dashboard that asks no read model.
    SessionRefusals [NotLoggedIn]
    RegisterRefusals [Malformed BadHeader ForeignOrigin Taken Refused Busy TooLarge UnsupportedMediaType Validation
        KeyReused RateLimited]
    /// Of a command that sends a mail.
    MailRefusals [Malformed BadHeader NotLoggedIn Xsrf ForeignOrigin NotFound Refused Busy Version TooLarge Validation
        KeyReused RateLimited]
    /// Of a command with a password in its body.
    PasswordRefusals [Malformed BadHeader NotLoggedIn Xsrf ForeignOrigin NotFound Refused Busy Version TooLarge
        UnsupportedMediaType Validation KeyReused RateLimited]
    /// Of a command of whoever followed a link of a mail.
    LinkRefusals [Malformed BadHeader ForeignOrigin NotFound Refused Busy TooLarge UnsupportedMediaType Validation
        KeyReused RateLimited]
    RequestResetRefusals [Malformed BadHeader ForeignOrigin Busy TooLarge UnsupportedMediaType Validation RateLimited]
    LogInRefusals [Malformed WrongCredentials SecondFactorMissing SecondFactorWrong ForeignOrigin Busy TooLarge
        UnsupportedMediaType Validation RateLimited]
    /// Of a public read.
    PublicRefusals [BadHeader NotFound Validation Behind]
    /// Of the list of sitemaps, which is always there.
    SitemapRefusals [BadHeader Validation Behind]
    /// Of a report of views.
    ViewRefusals [Malformed TooLarge UnsupportedMediaType Validation]
    /// Of a read of an auditor that has no parameters.
    AuditorRefusals [NotAnAuditor RateLimited]
    /// Of a proof.
    ProofRefusals [NotAnAuditor NotFound Validation RateLimited]
    /// Of an export of the log.
    LogExportRefusals [NotAnAuditor Validation RateLimited]
    /// Of a page of the log.
    AuditRefusals [NotAnAuditor Scope Busy Validation RateLimited]
    /// Of a stream.
    AuditReadRefusals [Malformed NotAnAuditor Scope NotFound Busy Validation RateLimited]
    /// Of what answers from memory.
    NoRefusals []
}

fn receipt(status: &str, description: &str, version: bool, location: bool) -> Responses {
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(Ref::from_schema_name("Receipt"))))
        .header("Stage-Position", header(Type::Integer, "Wait for this position to read what was written"));
    if version {
        response =
            response.header("ETag", header(Type::String, "The version in quotes, for the next `If-Match`"));
    }
    if location {
        response = response.header("Location", header(Type::String, "The address of what was created"));
    }
    BTreeMap::from([(status.to_owned(), response.build().into())])
}

pub(crate) struct Created;

impl IntoResponses for Created {
    fn responses() -> Responses {
        receipt("201", "Created", true, true)
    }
}

pub(crate) struct Changed;

impl IntoResponses for Changed {
    fn responses() -> Responses {
        receipt("200", "Done", true, false)
    }
}

pub(crate) struct Accepted;

impl IntoResponses for Accepted {
    fn responses() -> Responses {
        receipt("202", "It will be done soon", true, false)
    }
}

/// The answer 304 to a public read.
pub(crate) struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> Responses {
        let etag = header(Type::String, "As before");
        let response =
            ResponseBuilder::new().description("What `If-None-Match` names is still so").header("ETag", etag);
        BTreeMap::from([("304".to_owned(), response.build().into())])
    }
}
