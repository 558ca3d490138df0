use chrono::NaiveDate;
use serde::Serialize;
use stage_projections::views::{DayCounts, Viewed};
use utoipa::ToSchema;

use super::period::Period;
use crate::{app::Inner, problem::Problem};

/// How often something was viewed. Numbers are all that is known.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"views": 1280, "bot_views": 411, "from": "2026-11-01", "to": "2026-11-25",
    "days": [{"day": "2026-11-24", "views": 12, "bot_views": 3}]}))]
pub(crate) struct ViewCounts {
    /// Ever, without those by bots.
    #[schema(minimum = 0)]
    views: u64,
    /// Ever, by bots that say so themselves.
    #[schema(minimum = 0)]
    bot_views: u64,
    /// The first day of `days`, in UTC.
    from: NaiveDate,
    /// The last one.
    to: NaiveDate,
    /// The days on which it was viewed, the earliest first; days without a view are left out.
    days: Vec<ViewCountsOfDay>,
}

/// How often something was viewed on a day in UTC.
#[derive(Serialize, ToSchema)]
pub(crate) struct ViewCountsOfDay {
    day: NaiveDate,
    #[schema(minimum = 0)]
    views: u64,
    #[schema(minimum = 0)]
    bot_views: u64,
}

impl ViewCounts {
    pub(crate) async fn of(app: &Inner, viewed: Viewed, period: Period) -> Result<Self, Problem> {
        let Period { from, to } = period;
        // In this order no day holds more than the total, which is as of a later moment.
        let days = app.reads.views_by_day(viewed, from, to).await?;
        let total = app.reads.views_of(viewed).await?;
        let days = days.into_iter().map(ViewCountsOfDay::from).collect();
        Ok(Self { views: total.views, bot_views: total.bots, from, to, days })
    }
}

impl From<DayCounts> for ViewCountsOfDay {
    fn from(DayCounts { day, counts }: DayCounts) -> Self {
        Self { day, views: counts.views, bot_views: counts.bots }
    }
}
