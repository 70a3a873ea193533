//! What an API server stores: unknown fields dropped, defaults filled in.

use serde_json::Value;

/// Brings a value into the form in which it is stored.
pub(crate) fn store(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            let each = &schema["additionalProperties"];
            let Some(properties) = schema["properties"].as_object() else {
                if each.is_object() {
                    map.values_mut().for_each(|value| store(each, value));
                }
                return;
            };
            map.retain(|name, _| properties.contains_key(name));
            for (name, property) in properties {
                if let (Some(default), None) = (property.get("default"), map.get(name)) {
                    map.insert(name.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(name) {
                    store(property, value);
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| store(&schema["items"], item)),
        _ => {}
    }
}
