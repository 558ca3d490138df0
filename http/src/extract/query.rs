use std::{collections::BTreeMap, str::FromStr};

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, NaiveDate, Utc};
use percent_encoding::percent_decode_str;
use stage_domain::{FieldError, Invalid};
use url::form_urlencoded;

use crate::problem::Problem;

/// The parameters of the query. Each may come once, and whoever reads them names all that there are: a
/// misspelt filter must not answer with everything.
#[derive(Debug)]
pub(crate) struct Query(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        let mut faults = vec![];
        let query = parts.uri.query().unwrap_or_default();
        for (pair, (name, value)) in pairs(query).zip(form_urlencoded::parse(query.as_bytes())) {
            if percent_decode_str(pair).decode_utf8().is_err() {
                faults.push(FieldError::new(name, "not_utf8", "is not valid UTF-8"));
            } else if name.chars().chain(value.chars()).any(char::is_control) {
                let text = "must not contain control characters";
                faults.push(FieldError::new(name.replace(char::is_control, "?"), "control_characters", text));
            } else if values.insert(name.to_string(), value.into_owned()).is_some() {
                faults.push(FieldError::new(name, "repeated", "must be given once"));
            }
        }
        match faults.is_empty() {
            true => Ok(Self(values)),
            false => Err(Invalid(faults).into()),
        }
    }
}

impl Query {
    /// Refuses whatever is not among `names`. `wait_for` is always known.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Problem> {
        let unknown = |name: &&String| !names.contains(&name.as_str()) && name.as_str() != "wait_for";
        let faults: Vec<_> = self
            .0
            .keys()
            .filter(unknown)
            .map(|name| FieldError::new(name, "unknown_parameter", "is not a parameter here"))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Invalid(faults).into()) }
    }

    /// A text of 1 to `max` characters.
    pub(crate) fn text(&self, name: &str, max: usize) -> Result<Option<&str>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        if value.is_empty() {
            return Err(Invalid::one(name, "required", "must not be empty").into());
        }
        if value.chars().count() > max {
            return Err(Invalid::one(name, "too_long", format!("must have at most {max} characters")).into());
        }
        Ok(Some(value))
    }

    /// A whole number of `min` to `max`, in digits alone.
    pub(crate) fn number<T>(&self, name: &str, min: T, max: T) -> Result<Option<T>, Problem>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        match number(value).filter(|number| (&min..=&max).contains(&number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Invalid::one(name, "out_of_range", format!("must be {min} to {max}")).into()),
        }
    }

    /// A moment as in RFC 3339.
    pub(crate) fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        match DateTime::parse_from_rfc3339(value) {
            Ok(time) => Ok(Some(time.to_utc())),
            Err(_) => {
                Err(Invalid::one(name, "not_a_time", "must be a time such as 2026-11-25T09:00:00Z").into())
            }
        }
    }

    /// A day as in RFC 3339.
    pub(crate) fn day(&self, name: &str) -> Result<Option<NaiveDate>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        // The parser is content with fewer digits and with more, and PostgreSQL knows no other years.
        match value.parse().ok().filter(|_| value.len() == "2026-11-25".len() && !value.starts_with("0000")) {
            Some(day) => Ok(Some(day)),
            None => Err(Invalid::one(name, "not_a_day", "must be a day such as 2026-11-25").into()),
        }
    }

    /// One of these words, with what it stands for.
    pub(crate) fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        match words.iter().find(|(word, _)| word == value) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                Err(Invalid::one(name, "not_allowed", format!("must be one of {}", words.join(", "))).into())
            }
        }
    }
}

/// The parts of a query, as they were sent, that the reader of forms makes a name and a value of.
fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| !pair.is_empty())
}

/// Digits alone, without a sign and without leading zeros.
pub(super) fn number<T: FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}
