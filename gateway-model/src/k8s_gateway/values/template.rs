//! Templates that messages are made by.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::k8s_gateway::proto::{at_most_one, numbered};

/// What templates make of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransformationTemplate {
    /// Are fields of fields written `a/b`, and extracted values had by `extraction` alone?
    pub advanced_templates: bool,
    /// Values out of the message, by name.
    pub extractors: BTreeMap<String, Extraction>,
    /// Headers that are set.
    pub headers: BTreeMap<String, InjaTemplate>,
    /// Headers that are added.
    pub headers_to_append: Vec<HeaderToAppend>,
    /// Headers that are removed.
    pub headers_to_remove: Vec<String>,
    /// Values that are kept for later.
    pub dynamic_metadata_values: Vec<DynamicMetadataValue>,
    /// What becomes of the body.
    pub body: TemplateBody,
    /// What templates know of the body.
    pub parse_body_behavior: ParseBody,
    /// Is a body that is no JSON as good as none?
    pub ignore_error_on_parse: bool,
    /// Are texts escaped as in JSON?
    pub escape_characters: Option<bool>,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct InjaTemplate {
    /// The template, in the syntax of Inja.
    pub text: String,
}

/// A header that is added.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct HeaderToAppend {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: InjaTemplate,
}

/// A value that is kept for later.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DynamicMetadataValue {
    /// Whose it is; that of transformations, when it is empty.
    pub metadata_namespace: String,
    /// Under which key.
    pub key: String,
    /// What it is.
    pub value: InjaTemplate,
    /// Is it JSON, rather than a text?
    pub json_to_proto: bool,
}

/// What becomes of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TemplateBody {
    /// It is read, and stays.
    #[default]
    Keep,
    /// This takes its place.
    Text(InjaTemplate),
    /// It is not looked at.
    Passthrough,
    /// Extracted values are put into it.
    MergeExtractors,
    /// These keys are put into it.
    MergeJsonKeys(BTreeMap<String, MergedJsonKey>),
}

/// A key that is put into a body.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MergedJsonKey {
    /// Its value, in JSON.
    pub tmpl: InjaTemplate,
    /// Is it put there when it is empty as well?
    pub override_empty: bool,
}

numbered! {
    /// What templates know of a body.
    ParseBody {
        /// Its fields.
        ParseAsJson = 0 "ParseAsJson",
        /// Its text.
        DontParse = 1 "DontParse",
    }
}

numbered! {
    /// What is done with what a pattern matches.
    ExtractionMode {
        /// It is the value.
        Extract = 0 "EXTRACT",
        /// Another text takes the place of a group.
        SingleReplace = 1 "SINGLE_REPLACE",
        /// Another text takes the place of each match.
        ReplaceAll = 2 "REPLACE_ALL",
    }
}

/// A value out of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The header that it is taken from; the body, when there is none.
    pub header: Option<String>,
    /// What has to match.
    pub regex: String,
    /// The group that counts; 0 for all of it.
    pub subgroup: u32,
    /// What is done with it.
    pub mode: ExtractionMode,
    /// What takes its place.
    pub replacement_text: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireExtraction {
    header: Option<String>,
    body: Option<serde_json::Value>,
    regex: String,
    subgroup: u32,
    mode: ExtractionMode,
    replacement_text: Option<String>,
}

impl<'de> Deserialize<'de> for Extraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireExtraction::deserialize(deserializer)?;
        let (header, body) = (wire.header.is_some(), wire.body.is_some());
        at_most_one::<D::Error>(&[("header", header), ("body", body)])?;
        if !header && !body {
            let message = "expected header or body, found neither";
            return Err(serde::de::Error::custom(message));
        }
        Ok(Self {
            header: wire.header,
            regex: wire.regex,
            subgroup: wire.subgroup,
            mode: wire.mode,
            replacement_text: wire.replacement_text,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireTemplate {
    advanced_templates: bool,
    extractors: BTreeMap<String, Extraction>,
    headers: BTreeMap<String, InjaTemplate>,
    headers_to_append: Vec<HeaderToAppend>,
    headers_to_remove: Vec<String>,
    dynamic_metadata_values: Vec<DynamicMetadataValue>,
    body: Option<InjaTemplate>,
    passthrough: Option<serde_json::Value>,
    merge_extractors_to_body: Option<serde_json::Value>,
    merge_json_keys: Option<WireKeys>,
    parse_body_behavior: ParseBody,
    ignore_error_on_parse: bool,
    escape_characters: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireKeys {
    json_keys: BTreeMap<String, MergedJsonKey>,
}

impl<'de> Deserialize<'de> for TransformationTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireTemplate::deserialize(deserializer)?;
        let (passthrough, merged) = (wire.passthrough, wire.merge_extractors_to_body);
        let keys = wire.merge_json_keys;
        at_most_one::<D::Error>(&[
            ("body", wire.body.is_some()),
            ("passthrough", passthrough.is_some()),
            ("mergeExtractorsToBody", merged.is_some()),
            ("mergeJsonKeys", keys.is_some()),
        ])?;
        let body = match (wire.body, passthrough, merged, keys) {
            (Some(text), ..) => TemplateBody::Text(text),
            (_, Some(_), ..) => TemplateBody::Passthrough,
            (_, _, Some(_), _) => TemplateBody::MergeExtractors,
            (.., Some(keys)) => TemplateBody::MergeJsonKeys(keys.json_keys),
            (None, None, None, None) => TemplateBody::Keep,
        };
        Ok(Self {
            advanced_templates: wire.advanced_templates,
            extractors: wire.extractors,
            headers: wire.headers,
            headers_to_append: wire.headers_to_append,
            headers_to_remove: wire.headers_to_remove,
            dynamic_metadata_values: wire.dynamic_metadata_values,
            body,
            parse_body_behavior: wire.parse_body_behavior,
            ignore_error_on_parse: wire.ignore_error_on_parse,
            escape_characters: wire.escape_characters,
        })
    }
}
