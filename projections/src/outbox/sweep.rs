use chrono::{DateTime, TimeDelta, Utc};

use super::{Deliveries, RESTRICTED, queue::before};
use crate::ProjectionError;

/// How long a delivery that was made, withheld or dropped is kept. A dead one stays until somebody sends or drops it,
/// and one that waits for a restriction to end stays until it does, or until the person is erased.
pub const DELIVERY_LIFE: TimeDelta = TimeDelta::days(30);

impl Deliveries {
    /// Deletes deliveries that have outlived their use, and says how many.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<u64, ProjectionError> {
        let swept = sqlx::query(
            "DELETE FROM outbox.deliveries
             WHERE settled_at <= $1 AND state IN ('sent', 'withheld', 'dropped')
               AND NOT (state = 'withheld' AND reason = $2)",
        )
        .bind(before(now, DELIVERY_LIFE))
        .bind(RESTRICTED)
        .execute(&self.pool)
        .await?;
        Ok(swept.rows_affected())
    }
}
