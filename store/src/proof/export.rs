//! Events as lines of JSON from which anybody can recompute their leaves.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::{
    ProofError,
    canonical::{canonical, quote},
    leaf::time,
};
use crate::{Mark, Position};

/// Events of one page. One may have hundreds of kilobytes.
const PAGE: i64 = 500;

/// How long appends that are in progress are waited for. They take milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which events to export; all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The first position.
    pub from: Option<Position>,
    /// The last position.
    pub to: Option<Position>,
    /// Type and id.
    pub stream: Option<(String, String)>,
    pub event_type: Option<String>,
}

/// An export under way. It ends at the high-water mark of its beginning, so that no event is missed.
pub struct Export {
    pool: PgPool,
    selection: Selection,
    after: Position,
    up_to: Position,
}

#[derive(sqlx::FromRow)]
struct Row {
    position: Position,
    recorded_at: DateTime<Utc>,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    redacted_digest: Option<Vec<u8>>,
}

impl Export {
    /// `known` is a position that somebody who follows the log has passed, such as a read model: where an append that hangs
    /// holds the mark back, the export ends there and does not hang too.
    pub async fn begin(pool: PgPool, selection: Selection, known: Position) -> Result<Self, ProofError> {
        let mut mark = Mark::new(pool.clone());
        mark.raise(known);
        let mark = mark.look(PATIENCE).await?;
        let up_to = selection.to.map_or(mark, |to| to.min(mark));
        let after = selection.from.map_or(0, |from| from.saturating_sub(1));
        Ok(Self { pool, selection, after, up_to })
    }

    /// The next lines, each with its end of line; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ProofError> {
        let rows: Vec<Row> = self.query().build_query_as().fetch_all(&self.pool).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.after = last.position;
        let mut lines = Vec::new();
        for row in &rows {
            row.write(&mut lines)
                .map_err(|source| ProofError::NotCanonical { position: row.position, source })?;
        }
        Ok(Some(lines))
    }

    fn query(&self) -> QueryBuilder<'_, Postgres> {
        let mut query = QueryBuilder::new(
            "SELECT position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
                    payload::text AS payload, metadata::text AS metadata, redacted_digest
             FROM events WHERE position > ",
        );
        query.push_bind(self.after).push(" AND position <= ").push_bind(self.up_to);
        if let Some((stream_type, id)) = &self.selection.stream {
            query.push(" AND aggregate_type = ").push_bind(stream_type);
            query.push(" AND aggregate_id = ").push_bind(id);
        }
        if let Some(event_type) = &self.selection.event_type {
            query.push(" AND event_type = ").push_bind(event_type);
        }
        query.push(" ORDER BY position LIMIT ").push_bind(PAGE);
        query
    }
}

impl Row {
    /// One line, which is itself in the form of RFC 8785. In place of a redacted payload stands its digest.
    fn write(&self, out: &mut Vec<u8>) -> Result<(), super::NotCanonical> {
        out.extend_from_slice(br#"{"metadata":"#);
        canonical(&self.metadata, out)?;
        if self.redacted_digest.is_none() {
            out.extend_from_slice(br#","payload":"#);
            canonical(&self.payload, out)?;
        }
        out.extend_from_slice(format!(r#","position":{}"#, self.position).as_bytes());
        if let Some(digest) = &self.redacted_digest {
            out.extend_from_slice(format!(r#","redacted":"{}""#, hex::encode(digest)).as_bytes());
        }
        out.extend_from_slice(format!(r#","sequence":{},"stream_id":"#, self.sequence).as_bytes());
        quote(&self.aggregate_id, out);
        for (name, text) in [
            ("stream_type", self.aggregate_type.as_str()),
            ("time", &time(self.recorded_at)),
            ("type", &self.event_type),
            ("version", &self.event_version),
        ] {
            out.extend_from_slice(format!(r#","{name}":"#).as_bytes());
            quote(text, out);
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}
