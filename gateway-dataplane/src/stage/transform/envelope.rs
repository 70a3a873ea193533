//! A whole message as JSON.

use serde_json::{Map, Value};

use super::subject::Headers;
use crate::envelope::add_target;

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
        let text = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
        add_target(text(":method"), text(":path"), &mut message);
    }
    Value::Object(message)
}
