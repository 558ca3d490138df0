//! What auditors may ask for in a query.

use chrono::DateTime;
use stage_domain::Invalid;
use stage_store::{Moment, Position};
use utoipa::{
    IntoParams,
    openapi::{
        Object, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat},
    },
};

use crate::{contract::params::optional, extract::Query, problem::Problem};

const TWO: &[(&str, bool)] = &[("true", true), ("false", false)];
const USUAL: u32 = 100;
const MOST: u32 = 500;

/// Which part of a list, and how much of it is opened.
pub(super) struct Part {
    pub(super) after: i64,
    pub(super) limit: u32,
    pub(super) personal: bool,
}

impl Part {
    pub(super) fn read(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            after: query.number("after", 0, Position::MAX)?.unwrap_or(0),
            limit: query.number("limit", 1, MOST)?.unwrap_or(USUAL),
            personal: query.one_of("personal", TWO)?.unwrap_or(false),
        })
    }

    /// The query of the part that begins after `after`, once this part is full; at the end there is none.
    pub(super) fn next(&self, shown: usize, after: Option<i64>) -> Option<String> {
        let after = after.filter(|_| shown == self.limit as usize)?;
        Some(format!("after={after}&limit={}&personal={}", self.limit, self.personal))
    }
}

/// A moment: a position, or a time.
pub(super) fn moment(query: &Query) -> Result<Moment, Problem> {
    let Some(text) = query.text("at", 100)? else { return Ok(Moment::Now) };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(query.number("at", 0, Position::MAX)?.map_or(Moment::Now, Moment::Position));
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(Moment::Time(time.to_utc())),
        Err(_) => {
            let text = "must be a position, or a time such as 2026-11-25T12:00:00Z";
            Err(Invalid::one("at", "not_a_moment", text).into())
        }
    }
}

fn whole(minimum: i64, maximum: i64, usual: i64) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(minimum))
        .maximum(Some(maximum))
        .default(Some(usual.into()))
        .build()
}

fn part(after: &str) -> Vec<Parameter> {
    let personal = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into())).build();
    let text = "Opens personal values. The token needs the scope `read-personal`, and the log tells of it: an event of \
                the stream `access`, under the id of each person of whom something was opened";
    vec![
        optional("after", ParameterIn::Query, after, whole(0, Position::MAX, 0)),
        optional("limit", ParameterIn::Query, "At most so many events", whole(1, MOST.into(), USUAL.into())),
        optional("personal", ParameterIn::Query, text, personal),
    ]
}

/// The parameters of a page of the log.
pub(crate) struct EventParams;

impl IntoParams for EventParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        part("Events after this position")
    }
}

/// The parameters of a stream at a moment.
pub(crate) struct StreamParams;

impl IntoParams for StreamParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let time = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        let time = ObjectBuilder::new().schema_type(Type::String).format(Some(time)).build();
        let position = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0_i64))
            .maximum(Some(i64::MAX))
            .build();
        let at = ParameterBuilder::new()
            .name("at")
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(
                "The moment: a position in the log, or a time (RFC 3339). One that has not come yet is now",
            ))
            .schema(Some(AnyOfBuilder::new().item(position).item(time)))
            .build();
        let mut params = part("Events after this sequence of the stream");
        params.push(at);
        params
    }
}
