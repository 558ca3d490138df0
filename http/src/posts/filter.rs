//! Which posts of a stage a list shows.

use stage_domain::{TopicId, source::Network, topics::Topic};
use stage_projections::{feed::FeedQuery, stages::StageView};
use url::form_urlencoded;
use utoipa::{
    IntoParams,
    openapi::{
        Object, Type,
        path::{Parameter, ParameterIn},
        schema::ObjectBuilder,
    },
};
use uuid::Uuid;

use crate::{
    contract::params::optional,
    extract::Query,
    problem::{Kind, Problem},
    sources::view::NETWORKS,
};

const TWO: &[(&str, bool)] = &[("true", true), ("false", false)];
/// Posts on a page where nothing is said, and the most.
const USUAL: u32 = 20;
const MOST: u32 = 100;
const LONGEST_CURSOR: usize = 500;

/// What the query asks for.
pub(crate) struct Filter {
    /// A topic's id or its name.
    topic: Option<String>,
    network: Option<Network>,
    pub(crate) hidden: bool,
    limit: u32,
    cursor: Option<String>,
}

impl Filter {
    pub(crate) fn public(query: &Query) -> Result<Self, Problem> {
        query.only(&["topic", "network", "limit", "cursor"])?;
        Self::read(query, false)
    }

    pub(crate) fn moderated(query: &Query) -> Result<Self, Problem> {
        query.only(&["topic", "network", "hidden", "limit", "cursor"])?;
        Self::read(query, query.one_of("hidden", TWO)?.unwrap_or(true))
    }

    fn read(query: &Query, hidden: bool) -> Result<Self, Problem> {
        Ok(Self {
            topic: query.text("topic", 100)?.map(str::to_owned),
            network: query.one_of("network", NETWORKS)?,
            hidden,
            limit: query.number("limit", 1, MOST)?.unwrap_or(USUAL),
            cursor: query.text("cursor", LONGEST_CURSOR)?.map(str::to_owned),
        })
    }

    pub(crate) fn query(&self, stage: &StageView) -> Result<FeedQuery, Problem> {
        let topic = self.topic.as_deref().map(|wanted| topic(&stage.topics, wanted)).transpose()?;
        let Self { network, hidden, limit, .. } = *self;
        let cursor = self.cursor.clone();
        Ok(FeedQuery { stage_id: stage.id, topic, network, hidden, pinned: None, limit, cursor })
    }

    /// The same query for the page that begins at `cursor`.
    pub(crate) fn next(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(topic) = &self.topic {
            query.append_pair("topic", topic);
        }
        if let Some(network) = self.network {
            query.append_pair("network", network.as_str());
        }
        query.append_pair("limit", &self.limit.to_string()).append_pair("cursor", cursor);
        query.finish()
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

fn common() -> Vec<Parameter> {
    let plain = r"^[^\u0000-\u001F\u007F-\u009F]*$";
    let of = |name: &str, description: &str, schema: Object| {
        optional(name, ParameterIn::Query, description, schema)
    };
    let networks = NETWORKS.iter().map(|(name, _)| *name);
    let network = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(networks)).build();
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1_u32))
        .maximum(Some(MOST))
        .default(Some(USUAL.into()));
    vec![
        of("topic", "A topic of the stage: its id or its name", text(100).pattern(Some(plain)).build()),
        of("network", "Posts of this network alone", network),
        of("limit", "Posts on a page", limit.build()),
        of("cursor", "Where the page begins, as `next` of the page before says", {
            text(LONGEST_CURSOR).pattern(Some(plain)).build()
        }),
    ]
}

/// The parameters of a public list.
pub(crate) struct PublicParams;

impl IntoParams for PublicParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        common()
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
            hidden: false,
            limit: 7,
            cursor: None,
        };
        assert_eq!(filter.next("x+y"), "topic=a+b%26c&network=feed&limit=7&cursor=x%2By");
    }
}
