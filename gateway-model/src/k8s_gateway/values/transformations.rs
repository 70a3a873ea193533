//! Changes of whole messages, by templates.

use serde::{Deserialize, Deserializer};

use super::template::TransformationTemplate;
use crate::k8s_gateway::proto::at_most_one;

/// Changes of all requests, and of their responses.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Transformations {
    /// Does the request look for its route again?
    pub clear_route_cache: bool,
    /// What becomes of requests.
    pub request_transformation: Option<Transformation>,
    /// What becomes of their responses.
    pub response_transformation: Option<Transformation>,
}

/// Changes at several places among the filters.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StagedTransformations {
    /// Before anybody is asked about the request.
    pub early: Option<TransformationStage>,
    /// After that.
    pub regular: Option<TransformationStage>,
    /// After all other filters.
    pub post_routing: Option<TransformationStage>,
    /// Are texts escaped as in JSON, where a template does not say?
    pub escape_characters: Option<bool>,
}

/// Changes at one place.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TransformationStage {
    /// Of requests: the first that matches.
    pub request_transforms: Vec<RequestTransform>,
    /// Of responses: the first that matches, unless the request was changed.
    pub response_transforms: Vec<ResponseTransform>,
}

/// A change of some requests, and of their responses.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestTransform {
    /// Of which ones; of all, when it is not given.
    pub matcher: Option<RouteMatcher>,
    /// Do they look for their route again?
    pub clear_route_cache: bool,
    /// What becomes of them.
    pub request_transformation: Option<Transformation>,
    /// What becomes of their responses.
    pub response_transformation: Option<Transformation>,
}

/// A change of some responses.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResponseTransform {
    /// Headers that they have; `:status` is one.
    pub matchers: Vec<HeaderMatcher>,
    /// Why the proxy answered so.
    pub response_code_details: String,
    /// What becomes of them.
    pub response_transformation: Option<Transformation>,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Transformation {
    /// What templates make of it.
    Template(TransformationTemplate),
    /// All of it as JSON.
    HeaderBody(HeaderBodyTransform),
    /// What a stylesheet makes of it, which belongs to another edition.
    Xslt,
    /// Nothing.
    Nothing,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTransformation {
    transformation_template: Option<TransformationTemplate>,
    header_body_transform: Option<HeaderBodyTransform>,
    xslt_transformation: Option<serde_json::Value>,
}

impl<'de> Deserialize<'de> for Transformation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WireTransformation {
            transformation_template: template,
            header_body_transform: header_body,
            xslt_transformation: xslt,
        } = WireTransformation::deserialize(deserializer)?;
        at_most_one::<D::Error>(&[
            ("transformationTemplate", template.is_some()),
            ("headerBodyTransform", header_body.is_some()),
            ("xsltTransformation", xslt.is_some()),
        ])?;
        Ok(match (template, header_body, xslt) {
            (Some(template), ..) => Self::Template(template),
            (_, Some(written), _) => Self::HeaderBody(written),
            (.., Some(_)) => Self::Xslt,
            (None, None, None) => Self::Nothing,
        })
    }
}

/// A message as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderBodyTransform {
    /// With method, path and query?
    pub add_request_metadata: bool,
}

/// Which requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteMatcher {
    /// By their path.
    pub path: PathSpecifier,
    /// Does the case of the path count?
    pub case_sensitive: bool,
    /// Headers that they have.
    pub headers: Vec<HeaderMatcher>,
    /// Parameters of their query.
    pub query_parameters: Vec<QueryParameterMatcher>,
    /// Their methods; all, when it is empty.
    pub methods: Vec<String>,
}

/// A condition on a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathSpecifier {
    /// It begins so, wherever a segment ends.
    Prefix(String),
    /// It is this one.
    Exact(String),
    /// All of it matches.
    Regex(String),
    /// There is none: a `CONNECT`.
    Connect,
    /// None.
    Any,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireMatcher {
    prefix: Option<String>,
    exact: Option<String>,
    regex: Option<String>,
    connect_matcher: Option<serde_json::Value>,
    case_sensitive: Option<bool>,
    headers: Vec<HeaderMatcher>,
    query_parameters: Vec<QueryParameterMatcher>,
    methods: Vec<String>,
}

impl<'de> Deserialize<'de> for RouteMatcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireMatcher::deserialize(deserializer)?;
        at_most_one::<D::Error>(&[
            ("prefix", wire.prefix.is_some()),
            ("exact", wire.exact.is_some()),
            ("regex", wire.regex.is_some()),
            ("connectMatcher", wire.connect_matcher.is_some()),
        ])?;
        let path = match (wire.prefix, wire.exact, wire.regex, wire.connect_matcher) {
            (Some(prefix), ..) => PathSpecifier::Prefix(prefix),
            (_, Some(exact), ..) => PathSpecifier::Exact(exact),
            (_, _, Some(regex), _) => PathSpecifier::Regex(regex),
            (.., Some(_)) => PathSpecifier::Connect,
            (None, None, None, None) => PathSpecifier::Any,
        };
        Ok(Self {
            path,
            case_sensitive: wire.case_sensitive.unwrap_or(true),
            headers: wire.headers,
            query_parameters: wire.query_parameters,
            methods: wire.methods,
        })
    }
}

/// A condition on a header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderMatcher {
    /// Its name.
    pub name: String,
    /// Its value; any, when it is empty.
    pub value: String,
    /// Is the value a regular expression?
    pub regex: bool,
    /// Must it not be so?
    pub invert_match: bool,
}

/// A condition on a parameter of the query.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct QueryParameterMatcher {
    /// Its name.
    pub name: String,
    /// Its value; any, when it is empty.
    pub value: String,
    /// Is the value a regular expression?
    pub regex: bool,
}
