//! A badge: a small picture with the number of views, for somebody's own page. It loads nothing, and its letters are
//! whatever the reader's machine has.

use askama::Template;
use axum::{extract::State, response::Response};
use stage_domain::{Language, PostId};
use stage_projections::views::Viewed;

use super::public::{shown_post, shown_stage};
use crate::{
    answer::Reader,
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Ids, Query, Waited},
    kept::{Caching, Draft, Of},
    problem::{Kind, Problem},
    texts,
};

/// Pixels of a character, and on each side of a text. Whatever letters the reader has are fitted into them.
const CHARACTER: usize = 7;
const SIDE: usize = 6;

/// Two fields: what is counted, and the number. Positions are in pixels.
#[derive(Template)]
#[template(path = "badge.svg", escape = "html")]
struct Badge {
    lang: &'static str,
    title: String,
    /// The label and the number.
    fields: [Field; 2],
    left: usize,
    width: usize,
}

struct Field {
    text: String,
    width: usize,
    middle: usize,
    letters: usize,
}

impl Field {
    fn new(text: String, left: usize) -> Self {
        let letters = text.chars().count() * CHARACTER;
        let width = letters + 2 * SIDE;
        Self { text, width, middle: left + width / 2, letters }
    }
}

/// Show how often a stage was viewed, as a badge
///
/// Views by bots are left out. Counts no view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/views.svg", operation_id = "stage_views_badge", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "A picture, labelled in German or English by `Accept-Language`", body = String,
            content_type = "image/svg+xml",
            headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn of_stage(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let reader = reader.in_language();
    let render = async || {
        let (id, name) = shown_stage(&app, &handle).await?;
        badge(&app, Viewed::Stage(id), Of::Stage(id), Some(name), reader.language).await
    };
    app.pages.answer(&app, &reader, waited, render).await
}

/// Show how often a post was viewed, as a badge
///
/// Views by bots are left out. Counts no view.
#[utoipa::path(
    get, path = "/v1/posts/{id}/views.svg", operation_id = "post_views_badge", tag = "public",
    params(("id" = Uuid, Path, description = "The post"), WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "A picture, labelled in German or English by `Accept-Language`", body = String,
            content_type = "image/svg+xml",
            headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn of_post(
    State(app): State<Shared>,
    ids: Ids<1>,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let Ids([id]) = ids;
    let reader = reader.in_language();
    let render = async || {
        let stage = shown_post(&app, PostId(id)).await?;
        badge(&app, Viewed::Post(PostId(id)), Of::Stage(stage), None, reader.language).await
    };
    app.pages.answer(&app, &reader, waited, render).await
}

/// `name` says whose views these are, to whoever points at the picture or has it read out.
async fn badge(
    app: &Inner,
    viewed: Viewed,
    of: Of,
    name: Option<String>,
    language: Language,
) -> Result<Draft, Problem> {
    let views = app.reads.views_of(viewed).await?.views;
    let body = draw(name.as_deref(), views, language)?.into_bytes();
    let (kind, caching) = ("image/svg+xml", Caching::Soon);
    let language = Some(language);
    Ok(Draft { body, kind, caching, link: None, viewed: vec![], of, counts: true, language })
}

fn draw(name: Option<&str>, views: u64, language: Language) -> Result<String, Problem> {
    let text = texts::badge(language);
    let number = grouped(views, text.between_thousands);
    let title = match name {
        Some(name) => format!("{name}, {}: {number}", text.views),
        None => format!("{}: {number}", text.views),
    };
    let label = Field::new(text.views.to_owned(), 0);
    let number = Field::new(number, label.width);
    let (left, width) = (label.width, label.width + number.width);
    let badge = Badge { lang: language.code(), title, fields: [label, number], left, width };
    badge.render().map_err(|_| Problem::new(Kind::Internal))
}

/// 1234567 as "1.234.567".
fn grouped(number: u64, between: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(between);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_the_language_does() {
        let en = |number| grouped(number, ',');
        assert_eq!([en(0), en(999), en(1000), en(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(grouped(12_345, '.'), "12.345");
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let svg = draw(Some("<script>alert(\"1\")</script> & 'Söhne'"), 3, Language::De).unwrap();
        assert!(!svg.contains("<script"), "{svg}");
        let mut reader = quick_xml::Reader::from_str(&svg);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }

    #[test]
    fn it_loads_nothing_and_names_no_font_of_others() {
        let svg = draw(Some("Rathaus"), 1_234, Language::En).unwrap();
        for foreign in ["href", "url(", "@import", "@font-face", "<style", "<image"] {
            assert!(!svg.contains(foreign), "{foreign}");
        }
        assert_eq!(svg.matches("http").count(), 1, "the namespace alone");
        assert!(svg.contains("Rathaus, views: 1,234"));
    }
}
