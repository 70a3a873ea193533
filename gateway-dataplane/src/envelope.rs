//! Requests as JSON.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Adds to a `message` the method of a request, its path and its query.
pub(crate) fn add_target(method: &str, target: &str, message: &mut Map<String, Value>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut add = |name: &str, value: Value| drop(message.insert(name.to_owned(), value));
    add("queryString", query.into());
    add("httpMethod", method.into());
    add("path", path.into());
    let parameters = parameters(query);
    let last = parameters.iter();
    let last =
        last.map(|(name, values)| (name.clone(), values.last().cloned().unwrap_or_default()));
    add("queryStringParameters", Value::Object(last.collect()));
    add(
        "multiValueQueryStringParameters",
        Value::Object(several(parameters)),
    );
}

/// What has more than one value.
pub(crate) fn several(all: BTreeMap<String, Vec<Value>>) -> Map<String, Value> {
    let several = all.into_iter().filter(|(_, values)| values.len() > 1);
    several
        .map(|(name, values)| (name, Value::Array(values)))
        .collect()
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
