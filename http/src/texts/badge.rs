use stage_domain::Language;

/// The words of a badge.
pub(crate) struct BadgeText {
    pub(crate) views: &'static str,
    pub(crate) between_thousands: char,
}

pub(crate) fn badge(language: Language) -> BadgeText {
    match language {
        Language::En => BadgeText { views: "views", between_thousands: ',' },
        Language::De => BadgeText { views: "Aufrufe", between_thousands: '.' },
    }
}
