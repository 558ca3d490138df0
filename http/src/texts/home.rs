use stage_domain::Language;

/// The words of the page at `/`.
pub(crate) struct Home {
    pub(crate) lead: &'static str,
    pub(crate) privacy: &'static str,
    pub(crate) docs: &'static str,
    pub(crate) contract: &'static str,
    pub(crate) ready: &'static str,
}

pub(crate) fn home(language: Language) -> Home {
    match language {
        Language::En => Home {
            lead: "Everything an organisation publishes, in one place and sorted into its own topics.",
            privacy: "Nothing about the reader is recorded. Views are counted as numbers, and as nothing else.",
            docs: "Documentation of the interface, to try out",
            contract: "The interface as an OpenAPI document",
            ready: "Whether everything runs",
        },
        Language::De => Home {
            lead: "Alles, was eine Organisation veröffentlicht, an einem Ort und nach ihren eigenen Themen sortiert.",
            privacy: "Über die Leserinnen und Leser wird nichts aufgezeichnet. Aufrufe werden als Zahlen gezählt, sonst nichts.",
            docs: "Dokumentation der Schnittstelle, zum Ausprobieren",
            contract: "Die Schnittstelle als OpenAPI-Dokument",
            ready: "Ob alles läuft",
        },
    }
}
