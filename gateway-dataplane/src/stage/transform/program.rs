//! One transformation: from what is known of a message to what becomes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gateway_resolve::ir::{
    self, BodyParsing, BodyTransformation, Extracted, ExtractionMode, Extractor,
};
use http::HeaderName;
use minijinja::value::{Serde, Value};
use serde_json::Value as Json;

use super::engine::{Compiled, Engine};
use super::envelope::envelope;
use super::subject::{Around, Headers, Subject};
use crate::admit::{Kept, Metadata};

/// A transformation, compiled.
pub(super) struct Program {
    spec: ir::Transformation,
    headers: Vec<(Name, Compiled)>,
    append: Vec<(HeaderName, Compiled)>,
    metadata: Vec<Compiled>,
    body: BodyProgram,
}

enum BodyProgram {
    Keep,
    PassThrough,
    Text(Compiled),
    MergeExtractors,
    MergeKeys(Vec<(Box<str>, Compiled, bool)>),
    Message(bool),
}

/// A header, or what HTTP/2 has in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Path,
    Method,
    Authority,
    Status,
    Header(HeaderName),
}

/// What becomes of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// An empty value removes the header.
    pub(super) set: Vec<(Name, String)>,
    pub(super) remove: Vec<HeaderName>,
    pub(super) append: Vec<(HeaderName, String)>,
    /// `None`: it stays.
    pub(super) body: Option<String>,
}

impl Program {
    /// Compiles a transformation; the error is a message.
    pub(super) fn new(spec: &ir::Transformation, engine: &mut Engine) -> Result<Self, String> {
        let mut add =
            |template: &ir::Template| engine.add(template).map_err(|error| error.to_string());
        let headers = spec.headers.iter();
        let headers = headers.map(|(name, template)| Ok((Name::new(name)?, add(template)?)));
        let headers = headers.collect::<Result<_, String>>()?;
        let append = spec.append.iter();
        let append = append.map(|(name, template)| Ok((name.as_http().clone(), add(template)?)));
        let append = append.collect::<Result<_, String>>()?;
        let metadata = spec.metadata.iter().map(|kept| add(&kept.value));
        let metadata = metadata.collect::<Result<_, String>>()?;
        let body = match &spec.body {
            BodyTransformation::Keep => BodyProgram::Keep,
            BodyTransformation::PassThrough => BodyProgram::PassThrough,
            BodyTransformation::Text(template) => BodyProgram::Text(add(template)?),
            BodyTransformation::MergeExtractors => BodyProgram::MergeExtractors,
            BodyTransformation::MergeKeys(keys) => {
                let key = |key: &ir::MergedKey| {
                    Ok((key.key.clone(), add(&key.value)?, key.even_if_empty))
                };
                BodyProgram::MergeKeys(keys.iter().map(key).collect::<Result<_, String>>()?)
            }
            BodyTransformation::Message { with_target } => BodyProgram::Message(*with_target),
        };
        Ok(Self {
            headers,
            append,
            metadata,
            body,
            spec: spec.clone(),
        })
    }

    /// Does it look at the body?
    pub(super) fn reads_body(&self) -> bool {
        !matches!(self.body, BodyProgram::PassThrough)
    }

    /// What becomes of a message with these headers and this body; the error is a message for the client.
    pub(super) fn run(
        &self,
        engine: &Engine,
        headers: Headers,
        around: Around,
        body: Bytes,
    ) -> Result<Outcome, String> {
        let json = self.parse(&body)?;
        let extract = |(name, extractor): &(Box<str>, Extractor)| {
            (name.clone(), extracted(extractor, &headers, &body))
        };
        let subject = Arc::new(Subject {
            extractions: self.spec.extractors.iter().map(extract).collect(),
            headers: Arc::new(headers),
            around,
            json: Value::from(Serde(&json)),
            body,
            extractions_are_variables: self.spec.extractions_are_variables,
            escapes: self.spec.escapes,
            randoms: Mutex::new(BTreeMap::new()),
        });
        let render = |template: &Compiled| engine.render(template, &subject);
        let body = self.body(json, &subject, render)?;
        self.keep(&subject.around.metadata, render)?;
        let set = self.headers.iter();
        let set = set.map(|(name, value)| Ok((name.clone(), render(value)?)));
        let append = self.append.iter();
        let append = append.map(|(name, value)| Ok((name.clone(), render(value)?)));
        let json = matches!(self.body, BodyProgram::Message(_)).then(|| {
            let name = Name::Header(http::header::CONTENT_TYPE);
            Ok((name, "application/json".to_owned()))
        });
        Ok(Outcome {
            set: set.chain(json).collect::<Result<_, String>>()?,
            append: append.collect::<Result<_, String>>()?,
            remove: self
                .spec
                .remove
                .iter()
                .map(|name| name.as_http().clone())
                .collect(),
            body,
        })
    }

    fn parse(&self, body: &Bytes) -> Result<Json, String> {
        let nothing = || Json::Object(serde_json::Map::new());
        let is_looked_at = self.reads_body() && !matches!(self.body, BodyProgram::Message(_));
        if body.is_empty() || !is_looked_at || self.spec.parsing == BodyParsing::Nothing {
            return Ok(nothing());
        }
        match serde_json::from_slice(body) {
            Ok(json) => Ok(json),
            Err(_) if self.spec.parsing == BodyParsing::JsonIfPossible => Ok(nothing()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Keeps what templates come to for later.
    fn keep(
        &self,
        metadata: &Metadata,
        render: impl Fn(&Compiled) -> Result<String, String>,
    ) -> Result<(), String> {
        for (kept, template) in self.spec.metadata.iter().zip(&self.metadata) {
            let text = render(template)?;
            if text.is_empty() {
                continue;
            }
            let value = match kept.is_json {
                true => {
                    let json: Json = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                    Kept::Json(json.to_string())
                }
                false => Kept::Text(text),
            };
            metadata.put(&kept.namespace, &kept.key, value);
        }
        Ok(())
    }

    fn body(
        &self,
        json: Json,
        subject: &Subject,
        render: impl Fn(&Compiled) -> Result<String, String>,
    ) -> Result<Option<String>, String> {
        match &self.body {
            BodyProgram::Keep | BodyProgram::PassThrough => Ok(None),
            BodyProgram::Message(with_target) => {
                let message = envelope(&subject.headers, &subject.body, *with_target);
                Ok(Some(message.to_string()))
            }
            BodyProgram::Text(template) => render(template).map(Some),
            BodyProgram::MergeExtractors => {
                let mut json = json;
                for (name, value) in &subject.extractions {
                    put(&mut json, name, value);
                }
                Ok(Some(json.to_string()))
            }
            BodyProgram::MergeKeys(keys) => {
                let Json::Object(mut fields) = json else {
                    return Err("the body is no object of JSON".to_owned());
                };
                for (key, template, even_if_empty) in keys {
                    let value = render(template)?;
                    if value.is_empty() && !even_if_empty {
                        continue;
                    }
                    let value = match value.is_empty() {
                        true => Json::from(""),
                        false => serde_json::from_str(&value).map_err(|e| e.to_string())?,
                    };
                    fields.insert(key.to_string(), value);
                }
                Ok(Some(Json::Object(fields).to_string()))
            }
        }
    }
}

/// Puts a text at the path that `name` is.
fn put(json: &mut Json, name: &str, text: &str) {
    let mut place = json;
    for segment in name.split('.') {
        if !place.is_object() {
            *place = Json::Object(serde_json::Map::new());
        }
        place = &mut place[segment];
    }
    *place = Json::from(text);
}

fn extracted(extractor: &Extractor, headers: &Headers, body: &Bytes) -> String {
    let text = match &extractor.from {
        Extracted::Header(name) => {
            let value = headers.get(&name.to_ascii_lowercase());
            value.cloned().unwrap_or_default()
        }
        Extracted::Body => String::from_utf8_lossy(body).into_owned(),
    };
    let regex = extractor.pattern.regex();
    let whole = || {
        let captures = regex.captures(&text)?;
        let all = captures.get(0)?;
        (all.range() == (0..text.len())).then_some(captures)
    };
    match &extractor.mode {
        ExtractionMode::Extract(group) => {
            let found =
                whole().and_then(|captures| Some(captures.get(*group)?.as_str().to_owned()));
            found.unwrap_or_default()
        }
        ExtractionMode::ReplaceGroup(group, with) => {
            let range = whole().and_then(|captures| Some(captures.get(*group)?.range()));
            match range {
                Some(range) => [&text[..range.start], with, &text[range.end..]].concat(),
                None => text,
            }
        }
        ExtractionMode::ReplaceAll(with) => regex.replace_all(&text, &**with).into_owned(),
    }
}

impl Name {
    fn new(written: &str) -> Result<Self, String> {
        Ok(match written.to_ascii_lowercase().as_str() {
            ":path" => Self::Path,
            ":method" => Self::Method,
            ":authority" | "host" => Self::Authority,
            ":status" => Self::Status,
            name => Self::Header(
                HeaderName::try_from(name)
                    .map_err(|_| format!("expected the name of a header, found {written:?}"))?,
            ),
        })
    }
}
