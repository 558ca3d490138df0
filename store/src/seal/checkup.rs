//! Whether the master keys at hand are the right ones.

use sqlx::PgPool;

use super::{MasterKeys, keyring, masters::Masters, vacuum};
use crate::StoreError;

/// What was found. Nothing is made or changed, and no person's key is opened. Keys go by the names under which the
/// tables know them, which say nothing about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheckup {
    /// The master keys at hand, the present one first.
    pub at_hand: Vec<String>,
    /// Those that keys of the installation are wrapped by. None in a database that no program ever used.
    pub needed: Vec<String>,
    /// Those of `needed` that are not at hand, or do not open what they are said to have wrapped.
    pub wrong: Vec<String>,
    /// How many keys of people there are.
    pub people: u64,
    /// Master keys that are not at hand and wrap keys of people, with how many.
    pub people_under_others: Vec<(String, u64)>,
    /// Whether PostgreSQL lets this role take the rows of destroyed keys out of their table.
    pub may_vacuum: bool,
}

/// Looks at the keys.
pub async fn key_checkup(pool: &PgPool, keys: MasterKeys) -> Result<KeyCheckup, StoreError> {
    let masters = Masters::new(keys);
    let at_hand = masters.names()?;
    let rows: Vec<(String, Vec<u8>, String)> =
        sqlx::query_as("SELECT name, wrapped, master FROM installation_keys ORDER BY name")
            .fetch_all(pool)
            .await?;
    let (mut needed, mut wrong) = (Vec::new(), Vec::new());
    for (name, wrapped, master) in rows {
        let opened = masters.get(&master).and_then(|key| key.unwrap_key(&keyring::place(&name), &wrapped));
        match opened {
            Ok(_) => {}
            Err(StoreError::WrongMasterKey) => wrong.push(master.clone()),
            Err(error) => return Err(error),
        }
        needed.push(master);
    }
    for names in [&mut needed, &mut wrong] {
        names.sort();
        names.dedup();
    }
    let wrapped: Vec<(String, i64)> =
        sqlx::query_as("SELECT master, count(*) FROM subject_keys GROUP BY master ORDER BY master")
            .fetch_all(pool)
            .await?;
    let people = wrapped.iter().map(|(_, keys)| keys.cast_unsigned()).sum();
    let others = wrapped.into_iter().filter(|(master, _)| !at_hand.contains(master));
    let people_under_others = others.map(|(master, keys)| (master, keys.cast_unsigned())).collect();
    let may_vacuum = vacuum::allowed(pool).await?;
    Ok(KeyCheckup { at_hand, needed, wrong, people, people_under_others, may_vacuum })
}
