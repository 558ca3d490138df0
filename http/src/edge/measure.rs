use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram};

/// Counts an answer by the route's template, never by the address itself.
pub(super) fn measure(method: &Method, route: Option<String>, status: StatusCode, took: Duration) {
    let route = route.unwrap_or_else(|| "none".to_owned());
    Series::of(known(method), route, status.as_u16() / 100).add(took);
}

/// The numbers of one route's pages, looked up once and not for each answer.
pub(crate) struct Measured {
    whole: Series,
    unchanged: Series,
}

impl Measured {
    pub(crate) fn of(route: &str) -> Self {
        let of = |class| Series::of("GET", route.to_owned(), class);
        Self { whole: of(2), unchanged: of(3) }
    }

    pub(super) fn add(&self, status: StatusCode, took: Duration) {
        let series = if status == StatusCode::OK { &self.whole } else { &self.unchanged };
        series.add(took);
    }
}

struct Series {
    requests: Counter,
    seconds: Histogram,
}

impl Series {
    fn of(method: &str, route: String, class: u16) -> Self {
        let labels = [("method", method.to_owned()), ("route", route), ("status", format!("{class}xx"))];
        Self {
            requests: metrics::counter!("stage_http_requests_total", &labels),
            seconds: metrics::histogram!("stage_http_request_seconds", &labels),
        }
    }

    fn add(&self, took: Duration) {
        self.requests.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}

/// Clients can make up methods; they must not make up series.
pub(super) fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}
