use stage_domain::Language;

/// What happened to a stage: the kind, in English, in German.
const KINDS: &[(&str, &str, &str)] = &[
    ("stage_created", "Stage created", "Stage angelegt"),
    ("stage_renamed", "Stage renamed", "Stage umbenannt"),
    ("stage_handle_changed", "Address of the stage changed", "Adresse der Stage geändert"),
    ("stage_closed", "Stage closed", "Stage geschlossen"),
    ("topic_defined", "Topic defined", "Thema angelegt"),
    ("topic_changed", "Topic changed", "Thema geändert"),
    ("topic_removed", "Topic removed", "Thema entfernt"),
    ("media_added", "File uploaded", "Datei hochgeladen"),
    ("member_invited", "Somebody invited to the team", "Jemand ins Team eingeladen"),
    ("invitation_accepted", "Invitation accepted", "Einladung angenommen"),
    ("invitation_withdrawn", "Invitation withdrawn", "Einladung zurückgezogen"),
    ("member_role_changed", "Role of a member changed", "Rolle eines Mitglieds geändert"),
    ("member_removed", "Member removed", "Mitglied entfernt"),
    ("member_left", "Member left", "Mitglied ausgetreten"),
    ("source_linked", "Source linked", "Quelle verknüpft"),
    ("source_changed", "Source changed", "Quelle geändert"),
    ("source_imported", "Posts imported", "Beiträge importiert"),
    ("source_failed", "Import failed", "Import fehlgeschlagen"),
    ("source_unlinked", "Source unlinked", "Verknüpfung der Quelle gelöst"),
    ("post_hidden", "Post hidden", "Beitrag verborgen"),
    ("post_shown", "Post shown again", "Beitrag wieder gezeigt"),
    ("post_pinned", "Post pinned", "Beitrag angeheftet"),
    ("post_unpinned", "Post unpinned", "Beitrag nicht mehr angeheftet"),
    ("post_assigned", "Topics of a post chosen by hand", "Themen eines Beitrags von Hand gewählt"),
    ("post_redacted", "Post redacted", "Beitrag geschwärzt"),
];

/// A kind in words; a kind that the catalogue does not know is told as it is.
pub(crate) fn history(kind: &str, language: Language) -> &str {
    match (KINDS.iter().find(|(known, ..)| *known == kind), language) {
        (Some((_, english, _)), Language::En) => english,
        (Some((_, _, german)), Language::De) => german,
        (None, _) => kind,
    }
}

#[cfg(test)]
mod tests {
    use stage_domain::{source::SourceEvent, stage::StageEvent};

    use super::*;

    #[test]
    fn every_event_of_a_stage_and_of_a_source_is_in_the_catalogue() {
        for (event_type, _) in StageEvent::TYPES.iter().chain(SourceEvent::TYPES) {
            let words = event_type.replace(char::is_uppercase, "");
            let known = |kind: &&(&str, &str, &str)| {
                let joined: String = kind.0.split('_').map(|word| &word[1..]).collect();
                joined == words
            };
            assert!(KINDS.iter().any(|kind| known(&kind)), "{event_type}");
        }
        assert_eq!(history("something_new", Language::De), "something_new");
    }
}
