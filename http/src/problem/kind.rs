use axum::http::StatusCode;

/// Every way in which a request can fail. The slug is stable: clients branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    BadHeader,
    NotLoggedIn,
    WrongCredentials,
    SecondFactorMissing,
    SecondFactorWrong,
    NotAnAuditor,
    Scope,
    Xsrf,
    ForeignOrigin,
    Role,
    NotFound,
    MethodNotAllowed,
    Taken,
    Refused,
    Busy,
    Version,
    TooLarge,
    UnsupportedMediaType,
    Validation,
    KeyReused,
    RateLimited,
    Internal,
    Unavailable,
    Behind,
    TimedOut,
}

impl Kind {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 26] = [
        Self::Malformed,
        Self::BadHeader,
        Self::NotLoggedIn,
        Self::WrongCredentials,
        Self::SecondFactorMissing,
        Self::SecondFactorWrong,
        Self::NotAnAuditor,
        Self::Scope,
        Self::Xsrf,
        Self::ForeignOrigin,
        Self::Role,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Taken,
        Self::Refused,
        Self::Busy,
        Self::Version,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Validation,
        Self::KeyReused,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
        Self::Behind,
        Self::TimedOut,
    ];

    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadHeader => "bad-header",
            Self::NotLoggedIn => "not-logged-in",
            Self::WrongCredentials => "wrong-credentials",
            Self::SecondFactorMissing => "second-factor-required",
            Self::SecondFactorWrong => "second-factor-wrong",
            Self::NotAnAuditor => "not-an-auditor",
            Self::Scope => "scope",
            Self::Xsrf => "xsrf",
            Self::ForeignOrigin => "foreign-origin",
            Self::Role => "role",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Version => "version",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::Validation => "validation",
            Self::KeyReused => "idempotency-key-reused",
            Self::RateLimited => "rate-limited",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::Behind => "behind",
            Self::TimedOut => "timed-out",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::BadHeader => StatusCode::BAD_REQUEST,
            Self::NotLoggedIn
            | Self::WrongCredentials
            | Self::SecondFactorMissing
            | Self::SecondFactorWrong
            | Self::NotAnAuditor => StatusCode::UNAUTHORIZED,
            Self::Xsrf | Self::ForeignOrigin | Self::Scope | Self::Role => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Taken | Self::Refused | Self::Busy | Self::KeyReused => StatusCode::CONFLICT,
            Self::Version => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Validation => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::Behind | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The problem's `type`. A URN, so that it stays the same wherever the program runs.
    pub(crate) fn uri(self) -> String {
        format!("urn:stage:problem:{}", self.slug())
    }

    /// What a refused client could answer with (RFC 9110, 11.6.1; RFC 6750, 3).
    pub(crate) fn challenge(self) -> Option<&'static str> {
        match self {
            // Every 401 needs one; ours is met with a cookie.
            Self::NotLoggedIn
            | Self::WrongCredentials
            | Self::SecondFactorMissing
            | Self::SecondFactorWrong => Some("Cookie realm=\"stage\""),
            Self::NotAnAuditor => Some("Bearer realm=\"stage\""),
            Self::Scope => {
                Some("Bearer realm=\"stage\", error=\"insufficient_scope\", scope=\"read-personal\"")
            }
            _ => None,
        }
    }

    /// For answers that came without a problem: what their status says.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::NotLoggedIn,
            StatusCode::FORBIDDEN => Self::ForeignOrigin,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::CONFLICT => Self::Refused,
            StatusCode::PRECONDITION_FAILED => Self::Version,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Validation,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            other if other.is_client_error() => Self::Malformed,
            _ => Self::Internal,
        }
    }
}
