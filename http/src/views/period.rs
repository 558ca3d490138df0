use chrono::{Days, NaiveDate};
use stage_domain::Invalid;
use utoipa::{
    IntoParams,
    openapi::{
        Type,
        path::{Parameter, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat},
    },
};

use crate::{contract::params::optional, extract::Query, problem::Problem};

/// Days where nothing is said, and the most that are answered at once.
const USUAL: u64 = 30;
const MOST: i64 = 366;

/// Days in UTC, the first and the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
}

impl Period {
    pub(crate) fn of(query: &Query, today: NaiveDate) -> Result<Self, Problem> {
        query.only(&["from", "to"])?;
        let to = query.day("to")?.unwrap_or(today);
        let usual = to.checked_sub_days(Days::new(USUAL - 1)).unwrap_or(to);
        let from = query.day("from")?.unwrap_or(usual);
        if from > to {
            return Err(Invalid::one("from", "after_the_end", "must not be after `to`").into());
        }
        if (to - from).num_days() >= MOST {
            let text = format!("must be at most {} days before `to`", MOST - 1);
            return Err(Invalid::one("from", "too_many_days", text).into());
        }
        Ok(Self { from, to })
    }
}

/// The parameters of a period.
pub(crate) struct PeriodParams;

impl IntoParams for PeriodParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let day = || {
            let format = SchemaFormat::KnownFormat(KnownFormat::Date);
            let schema = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
            schema.min_length(Some(10)).max_length(Some(10)).examples(["2026-11-25"]).build()
        };
        let first = "The first day in UTC; 29 days before the last when it is left out, and at most 365 days before it";
        let last = "The last day in UTC; today when it is left out";
        vec![
            optional("from", ParameterIn::Query, first, day()),
            optional("to", ParameterIn::Query, last, day()),
        ]
    }
}
