//! Which posts of a stage a list shows.

use chrono::{DateTime, SecondsFormat, Utc};
use stage_domain::{Invalid, TopicId, source::Network, topics::Topic};
use stage_projections::{feed::FeedQuery, stages::StageView};
use url::form_urlencoded;
use utoipa::{
    IntoParams,
    openapi::{
        Object, Type,
        path::{Parameter, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat},
    },
};
use uuid::Uuid;

use crate::{
    contract::{params::optional, text::LINE},
    extract::Query,
    problem::{Kind, Problem},
    sources::view::NETWORKS,
};

const TWO: &[(&str, bool)] = &[("true", true), ("false", false)];
/// Posts on a page where nothing is said, and the most.
const USUAL: u32 = 20;
const MOST: u32 = 100;
pub(crate) const LONGEST_CURSOR: usize = 500;
/// Characters of a search, and of a language's tag.
const LONGEST_TEXT: usize = 200;
const LONGEST_LANGUAGE: usize = 35;

/// What the query asks for.
pub(crate) struct Filter {
    /// A topic's id or its name.
    topic: Option<String>,
    network: Option<Network>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    language: Option<String>,
    text: Option<String>,
    pub(crate) hidden: bool,
    limit: u32,
    cursor: Option<String>,
}

impl Filter {
    pub(crate) fn public(query: &Query) -> Result<Self, Problem> {
        query.only(&["topic", "network", "since", "until", "language", "text", "limit", "cursor"])?;
        let text = query.text("text", LONGEST_TEXT)?.map(str::trim);
        if text == Some("") {
            return Err(Invalid::one("text", "required", "must not be empty").into());
        }
        Ok(Self {
            since: query.time("since")?,
            until: query.time("until")?,
            language: language(query.text("language", LONGEST_LANGUAGE)?)?,
            text: text.map(str::to_owned),
            ..Self::read(query, false)?
        })
    }

    pub(crate) fn moderated(query: &Query) -> Result<Self, Problem> {
        query.only(&["topic", "network", "hidden", "limit", "cursor"])?;
        Self::read(query, query.one_of("hidden", TWO)?.unwrap_or(true))
    }

    fn read(query: &Query, hidden: bool) -> Result<Self, Problem> {
        Ok(Self {
            topic: query.text("topic", 100)?.map(str::to_owned),
            network: query.one_of("network", NETWORKS)?,
            since: None,
            until: None,
            language: None,
            text: None,
            hidden,
            limit: query.number("limit", 1, MOST)?.unwrap_or(USUAL),
            cursor: query.text("cursor", LONGEST_CURSOR)?.map(str::to_owned),
        })
    }

    pub(crate) fn query(&self, stage: &StageView) -> Result<FeedQuery, Problem> {
        let topic = self.topic.as_deref().map(|wanted| topic(&stage.topics, wanted)).transpose()?;
        let Self { network, since, until, hidden, limit, .. } = *self;
        let (language, text, cursor) = (self.language.clone(), self.text.clone(), self.cursor.clone());
        let all = FeedQuery::of(stage.id);
        Ok(FeedQuery { topic, network, since, until, language, text, hidden, limit, cursor, ..all })
    }

    /// The same query for the page that begins at `cursor`.
    pub(crate) fn next(&self, cursor: &str) -> String {
        let mut query = self.conditions();
        query.append_pair("limit", &self.limit.to_string()).append_pair("cursor", cursor);
        query.finish()
    }

    /// The same query without a cursor, as far as something is asked for: where its first page is.
    pub(crate) fn first(&self) -> String {
        let mut query = self.conditions();
        if self.limit != USUAL {
            query.append_pair("limit", &self.limit.to_string());
        }
        query.finish()
    }

    /// The same query as it is.
    pub(crate) fn this(&self) -> String {
        self.cursor.as_ref().map_or_else(|| self.first(), |cursor| self.next(cursor))
    }

    fn conditions(&self) -> form_urlencoded::Serializer<'static, String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(topic) = &self.topic {
            query.append_pair("topic", topic);
        }
        if let Some(network) = self.network {
            query.append_pair("network", network.as_str());
        }
        for (name, time) in [("since", self.since), ("until", self.until)] {
            if let Some(time) = time {
                query.append_pair(name, &time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
            }
        }
        for (name, value) in [("language", &self.language), ("text", &self.text)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query
    }
}

/// A tag by its form alone (BCP 47).
fn language(tag: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(tag) = tag else { return Ok(None) };
    let fits =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let primary = tag.split('-').next().unwrap_or_default();
    match tag.split('-').all(fits) && primary.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => Ok(Some(tag.to_owned())),
        false => {
            Err(Invalid::one("language", "not_a_language", "must be a language's tag, such as de or en-GB")
                .into())
        }
    }
}

/// A topic by its id, else by its name, whatever the case.
fn topic(topics: &[Topic], wanted: &str) -> Result<TopicId, Problem> {
    let id = Uuid::try_parse(wanted).ok().map(TopicId);
    let name = wanted.to_lowercase();
    let by_id = topics.iter().find(|topic| Some(topic.id) == id);
    let found = by_id.or_else(|| topics.iter().find(|topic| topic.name.to_lowercase() == name));
    found.map(|topic| topic.id).ok_or_else(|| {
        Problem::field(Kind::NotFound, "topic", "unknown_topic", "is not a topic of this stage")
    })
}

fn text(max: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(max))
}

const PLAIN: &str = r"^[^\u0000-\u001F\u007F-\u009F]*$";

/// The schema of a cursor.
pub(crate) fn cursor() -> Object {
    text(LONGEST_CURSOR).pattern(Some(PLAIN)).build()
}

/// The schema of a page's size.
pub(crate) fn limit(usual: u32, most: u32) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1_u32))
        .maximum(Some(most))
        .default(Some(usual.into()))
        .build()
}

fn common() -> Vec<Parameter> {
    let of = |name: &str, description: &str, schema: Object| {
        optional(name, ParameterIn::Query, description, schema)
    };
    let networks = NETWORKS.iter().map(|(name, _)| *name);
    let network = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(networks)).build();
    vec![
        of("topic", "A topic of the stage: its id or its name", text(100).pattern(Some(PLAIN)).build()),
        of("network", "Posts of this network alone", network),
        of("limit", "Posts on a page", limit(USUAL, MOST)),
        of("cursor", "Where the page begins, as `next` of the page before says", cursor()),
    ]
}

/// The parameters of a public list.
pub(crate) struct PublicParams;

impl IntoParams for PublicParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let of = |name: &str, description: &str, schema: Object| {
            optional(name, ParameterIn::Query, description, schema)
        };
        let time = || {
            let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
            ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
        };
        let language = r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,3}$";
        let words = "Posts with all of these words in the title or the text, whatever the case, also as parts of words. \
                     A page may have fewer posts than asked for, or none, while `next` says where the search goes on";
        let mut params = common();
        params.extend([
            of("since", "Posts that were published at or after this moment (RFC 3339)", time()),
            of("until", "Posts that were published before this moment (RFC 3339)", time()),
            of("language", "Posts in this language or a variety of it; pages are as with `text`", {
                text(LONGEST_LANGUAGE).pattern(Some(language)).build()
            }),
            of("text", words, text(LONGEST_TEXT).pattern(Some(LINE)).build()),
        ]);
        params
    }
}

/// The parameters of a list for moderators.
pub(crate) struct ModeratedParams;

impl IntoParams for ModeratedParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(true.into())).build();
        let text = "Hidden posts too, as is usual here";
        let mut params = common();
        params.push(optional("hidden", ParameterIn::Query, text, schema));
        params
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stage_domain::topics::Rules;

    use super::*;

    #[test]
    fn a_topic_is_found_by_its_id_or_by_its_name() {
        let id = TopicId(Uuid::from_u128(7));
        let topics = [Topic { id, name: "Große Kultur".to_owned(), rules: Rules::default() }];
        assert_eq!(topic(&topics, &id.to_string()).unwrap(), id);
        assert_eq!(topic(&topics, "große KULTUR").unwrap(), id);
        let refused = topic(&topics, "Sport").unwrap_err();
        assert_eq!((refused.kind, refused.errors[0].field.as_str()), (Kind::NotFound, "topic"));
    }

    #[test]
    fn the_next_page_keeps_the_filter() {
        let filter = Filter {
            topic: Some("a b&c".to_owned()),
            network: Some(Network::Feed),
            since: "2026-11-01T00:00:00Z".parse().ok(),
            until: None,
            language: Some("de".to_owned()),
            text: Some("Fest & Tag".to_owned()),
            hidden: false,
            limit: 7,
            cursor: None,
        };
        let conditions =
            "topic=a+b%26c&network=feed&since=2026-11-01T00%3A00%3A00Z&language=de&text=Fest+%26+Tag&limit=7";
        assert_eq!(filter.next("x+y"), format!("{conditions}&cursor=x%2By"));
        assert_eq!(filter.first(), conditions);
    }
}
