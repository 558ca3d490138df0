use stage_domain::Language;

/// Our own words on the public pages.
pub(crate) struct PageText {
    pub(crate) follow: &'static str,
    pub(crate) topics: &'static str,
    pub(crate) older: &'static str,
    pub(crate) none: &'static str,
    pub(crate) original: &'static str,
    pub(crate) back: &'static str,
    pub(crate) privacy: &'static str,
    /// Before the name of a stage.
    pub(crate) posts_of: &'static str,
}

pub(crate) fn page(language: Language) -> PageText {
    match language {
        Language::En => PageText {
            follow: "Follow without an account",
            topics: "Topics",
            older: "Older posts",
            none: "There is nothing here yet.",
            original: "The original",
            back: "All posts",
            privacy: "Nothing about the reader is recorded.",
            posts_of: "Everything published by",
        },
        Language::De => PageText {
            follow: "Folgen, ohne Konto",
            topics: "Themen",
            older: "Ältere Beiträge",
            none: "Hier ist noch nichts.",
            original: "Das Original",
            back: "Alle Beiträge",
            privacy: "Über die Leserinnen und Leser wird nichts aufgezeichnet.",
            posts_of: "Alles, was veröffentlicht wird von",
        },
    }
}
