//! Headers and parameters that many operations share, written once for the contract.

use serde_json::json;
use utoipa::{
    IntoParams,
    openapi::{
        Object, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat},
    },
};

pub(crate) fn optional(name: &str, place: ParameterIn, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn string(pattern: &str, most: usize, example: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(most))
        .pattern(Some(pattern))
        .examples([json!(example)])
        .build()
}

fn idempotency_key() -> Parameter {
    let text = "Makes the request safe to send again: the same key with the same request is answered as the first time, \
                for a day. A UUID will do.";
    optional("Idempotency-Key", ParameterIn::Header, text, string("^[!-~]{1,255}$", 255, "5f0c0f9e-1"))
}

fn if_match() -> Parameter {
    let text = "The version that the change is meant for, as an `ETag` gave it. Refused with 412 when it is another \
                one by now.";
    let tag = SchemaFormat::Custom("entity-tag".to_owned());
    let form = string(r#"^(\*|"(0|[1-9][0-9]{0,17})")$"#, 20, "\"3\"");
    let tag = ObjectBuilder::from(form).format(Some(tag)).build();
    optional("If-Match", ParameterIn::Header, text, tag)
}

/// Headers of a command that changes a stream.
pub(crate) struct WriteHeaders;

impl IntoParams for WriteHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![if_match(), idempotency_key()]
    }
}

/// The header of a command that changes a stream and can't be sent again.
pub(crate) struct VersionHeader;

impl IntoParams for VersionHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![if_match()]
    }
}

/// Headers of a command that creates a stream.
pub(crate) struct NewHeaders;

impl IntoParams for NewHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![idempotency_key()]
    }
}

fn position() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0_i64))
        .maximum(Some(i64::MAX))
        .examples([json!(0)])
        .build()
}

/// How a read waits for what was written before.
pub(crate) struct WaitParams;

impl IntoParams for WaitParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = "A position that a command answered with: the read waits up to five seconds for it.";
        vec![
            optional("Stage-Wait-For", ParameterIn::Header, text, position()),
            optional("wait_for", ParameterIn::Query, text, position()),
        ]
    }
}

/// The condition of a public read.
pub(crate) struct ConditionHeaders;

impl IntoParams for ConditionHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        let text = "An `ETag` from before: the answer is 304 while nothing has changed.";
        vec![optional("If-None-Match", ParameterIn::Header, text, schema)]
    }
}
