//! A whole message as JSON.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::subject::Headers;

/// A message as JSON: its `headers`, pseudo-headers included, and its `body`; of a request `with_target` its method, path
/// and query besides.
pub(super) fn envelope(headers: &Headers, body: &[u8], with_target: bool) -> Value {
    let mut message = Map::new();
    if !body.is_empty() {
        let text = String::from_utf8_lossy(body).into_owned();
        message.insert("body".to_owned(), Value::from(text));
    }
    let fields = headers.iter();
    let fields = fields.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    message.insert("headers".to_owned(), Value::Object(fields.collect()));
    if with_target {
        add_target(headers, &mut message);
    }
    Value::Object(message)
}

fn add_target(headers: &Headers, message: &mut Map<String, Value>) {
    let text = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
    let (path, query) = text(":path").split_once('?').unwrap_or((text(":path"), ""));
    let mut add = |name: &str, value: Value| drop(message.insert(name.to_owned(), value));
    add("queryString", query.into());
    add("httpMethod", text(":method").into());
    add("path", path.into());
    let parameters = parameters(query);
    let last = parameters.iter();
    let last =
        last.map(|(name, values)| (name.clone(), values.last().cloned().unwrap_or_default()));
    add("queryStringParameters", Value::Object(last.collect()));
    let several = parameters
        .into_iter()
        .filter(|(_, values)| values.len() > 1);
    let several = several.map(|(name, values)| (name, Value::Array(values)));
    add(
        "multiValueQueryStringParameters",
        Value::Object(several.collect()),
    );
}

/// The parameters of a query, each with its values.
fn parameters(query: &str) -> BTreeMap<String, Vec<Value>> {
    let mut parameters = BTreeMap::<String, Vec<Value>>::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let values = parameters.entry(decoded(name)).or_default();
        values.push(Value::from(decoded(value)));
    }
    parameters
}
