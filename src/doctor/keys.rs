//! The master keys: without the right one, no personal value can be read.

use sqlx::PgPool;
use stage_store::{KeyCheckup, key_checkup};

use super::finding::Finding;
use crate::{config::HouseArgs, failure::sentence};

pub(super) const CHECK: &str = "keys";

pub(super) async fn examine(house: &HouseArgs, pool: &PgPool) -> Finding {
    let keys = match house.master_keys() {
        Ok(keys) => keys,
        Err(failure) => {
            return Finding::wrong(
                CHECK,
                sentence(&failure),
                "give the file with the master key that `stage serve` has",
            );
        }
    };
    match key_checkup(pool, keys).await {
        Ok(found) => judge(&found),
        Err(error) => Finding::wrong(CHECK, sentence(&error), "look at the file with the master key"),
    }
}

fn judge(found: &KeyCheckup) -> Finding {
    let at_hand = found.at_hand.join(" and ");
    if !found.wrong.is_empty() {
        return Finding::wrong(
            CHECK,
            format!("master key {at_hand} is given, but {} is needed", found.wrong.join(" and ")),
            "find the file with that one, in the backup of the keys, and give it as --master-key-file; without it personal \
             data cannot be read",
        );
    }
    if found.needed.is_empty() {
        return Finding::well(
            CHECK,
            format!("none is made yet; the first start makes them under master key {at_hand}"),
        );
    }
    if let Some((other, keys)) = found.people_under_others.first() {
        return Finding::wrong(
            CHECK,
            format!("{keys} keys of people need master key {other}, which is not given"),
            "a rotation did not come to its end: give that one as --old-master-key-file and run `stage keys rotate` again",
        );
    }
    if !found.may_vacuum {
        return Finding::wrong(
            CHECK,
            "this role may not vacuum the table subject_keys, so keys that are destroyed stay in it until PostgreSQL does",
            "let the role that all programs use own the table: `ALTER TABLE subject_keys OWNER TO …`",
        );
    }
    Finding::well(CHECK, format!("master key {at_hand} opens them; {} of people", found.people))
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    fn found() -> KeyCheckup {
        KeyCheckup {
            at_hand: vec!["aa".to_owned()],
            needed: vec!["aa".to_owned()],
            wrong: vec![],
            people: 3,
            people_under_others: vec![],
            may_vacuum: true,
        }
    }

    #[test]
    fn a_rotation_that_did_not_end_names_the_key_that_is_missed() {
        let finding = judge(&KeyCheckup { people_under_others: vec![("bb".to_owned(), 2)], ..found() });
        assert_eq!(finding.state, State::Wrong);
        assert!(finding.found.contains("2 keys of people need master key bb"), "{}", finding.found);
        assert_eq!(judge(&found()).state, State::Well);
    }

    #[test]
    fn a_role_that_may_not_vacuum_is_told_whose_the_table_must_be() {
        let finding = judge(&KeyCheckup { may_vacuum: false, ..found() });
        assert_eq!(finding.state, State::Wrong);
        assert!(finding.remedy.is_some_and(|remedy| remedy.contains("OWNER TO")));
    }
}
