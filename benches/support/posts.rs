//! Posts as town halls and clubs write them: a sentence or a few, with markup, an address, often a picture.

use chrono::{DateTime, TimeDelta, Utc};
use stage_domain::{
    PostId, SourceId, StageId,
    post::{Media, MediaKind, PostContent, PostEvent},
    source::Network,
};
use uuid::Uuid;

/// Words that topics ask for come first.
static WORDS: &[&str] = &[
    "Konzert",
    "Theater",
    "Haushalt",
    "Straßenfest",
    "Feuerwehr",
    "Radweg",
    "Schwimmbad",
    "Bibliothek",
    "Bürgermeisterin",
    "Ausstellung",
    "heute",
    "morgen",
    "am",
    "Samstag",
    "Sonntag",
    "laden",
    "wir",
    "alle",
    "ein",
    "zum",
    "in",
    "der",
    "die",
    "das",
    "neue",
    "alte",
    "Stadt",
    "Gemeinde",
    "Rathaus",
    "Platz",
    "Schule",
    "Kinder",
    "Eltern",
    "Verein",
    "beginnt",
    "endet",
    "um",
    "Uhr",
    "mit",
    "für",
    "und",
    "oder",
    "wird",
    "werden",
    "ist",
    "sind",
    "Sitzung",
    "Rat",
    "beschließt",
    "eröffnet",
    "gesperrt",
    "wegen",
    "Bauarbeiten",
    "bitte",
    "beachten",
    "Sie",
    "weitere",
    "Informationen",
    "finden",
    "hier",
];

/// The words that the topics of a stage ask for.
pub fn topics() -> &'static [&'static str] {
    &WORDS[..10]
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

pub fn stage(number: usize) -> StageId {
    StageId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + (number as u128) * 0x9E37_79B9))
}

pub fn source(stage: usize) -> SourceId {
    SourceId(Uuid::from_u128(0x0194_0000_0000_7000_8000_0000_0000_0000 + (stage as u128) * 0x9E37_79B9))
}

/// The first event of a post of this stage.
pub fn imported(of: usize, number: usize) -> (Uuid, PostEvent) {
    let mut dice = Dice(number as u64 * 7_919 + 1);
    let words = 12 + dice.throw(48);
    let text = (0..words).map(|_| WORDS[dice.throw(WORDS.len())]).collect::<Vec<_>>().join(" ");
    let network_id = format!("https://rathaus-{of}.example.org/aktuelles/{number}");
    let published_at: DateTime<Utc> =
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + number as i64);
    let media = match dice.throw(2) {
        0 => vec![],
        _ => vec![Media {
            kind: MediaKind::Image,
            url: format!("https://rathaus-{of}.example.org/bilder/{number}.jpg").parse().unwrap(),
            content_type: Some("image/jpeg".into()),
            alt: Some("Der Platz vor dem Rathaus".into()),
            width: Some(1200),
            height: Some(800),
            preview: None,
            duration: None,
            bytes: None,
        }],
    };
    let content = Box::new(PostContent {
        title: Some(text.chars().take(50).collect()),
        html: Some(format!("<p>{text}</p>")),
        permalink: Some(network_id.parse().unwrap()),
        author: Some("Pressestelle".into()),
        language: Some("de".into()),
        categories: vec!["Aktuelles".into()],
        media,
        published_at: Some(published_at),
        updated_at: None,
        text,
    });
    let (stage_id, source_id) = (stage(of), source(of));
    let at = published_at + TimeDelta::minutes(10);
    let id = PostId::of(source_id, &network_id).0;
    (id, PostEvent::PostImported { stage_id, source_id, network: Network::Feed, network_id, content, at })
}
