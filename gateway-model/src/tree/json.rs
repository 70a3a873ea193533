//! To and from JSON values, which have no lines.

use serde_json::Value as Json;

use super::{Map, Node, Value};

impl Node {
    /// A JSON value, all of it at one line.
    pub(crate) fn from_json(line: u32, json: &Json) -> Self {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(value) => Value::Int(value),
                None => Value::Float(number.as_f64().unwrap_or(f64::MAX)),
            },
            Json::String(text) => Value::String(text.clone()),
            Json::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| Self::from_json(line, item))
                    .collect(),
            ),
            Json::Object(fields) => Value::Map(
                fields
                    .iter()
                    .map(|(key, item)| (key.clone(), Self::from_json(line, item)))
                    .collect(),
            ),
        };
        Self { line, value }
    }

    /// The value without its lines.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            Value::Float(value) => Json::from(*value),
            Value::String(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Map(map) => Json::Object(fields(map)),
        }
    }
}

fn fields(map: &Map) -> serde_json::Map<String, Json> {
    map.iter()
        .map(|(key, node)| (key.clone(), node.to_json()))
        .collect()
}
