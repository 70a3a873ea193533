//! Changes of a value at a place that is chosen at random.

use serde_json::{Value, json};

use super::{Random, values};

/// A place in a value, and the schema of what is there.
type Place<'s> = (String, &'s Value);

/// Changes something.
pub(crate) fn change(object: &mut Value, schema: &Value, random: &mut Random) {
    let mut places = Vec::new();
    collect(object, schema, "", &mut places);
    if places.is_empty() {
        return;
    }
    let (pointer, schema) = random.pick(&places);
    match random.below(10) {
        0 => remove(object, pointer),
        1 => *object.pointer_mut(pointer).unwrap() = wrong(random),
        2..=4 => *object.pointer_mut(pointer).unwrap() = values::make(schema, random, 4),
        _ => inside(object.pointer_mut(pointer).unwrap(), schema, random),
    }
}

/// All places but those that say what the object is.
fn collect<'s>(value: &Value, schema: &'s Value, at: &str, places: &mut Vec<Place<'s>>) {
    if !at.is_empty() {
        places.push((at.to_owned(), schema));
    }
    match value {
        Value::Object(map) => {
            let named = schema["properties"].as_object();
            for (name, value) in map {
                let named = named.and_then(|named| named.get(name));
                let Some(schema) = named.or_else(|| schema.get("additionalProperties")) else {
                    continue;
                };
                if !(at.is_empty() && ["apiVersion", "kind", "metadata"].contains(&name.as_str())) {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    collect(value, schema, &format!("{at}/{name}"), places);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &schema["items"], &format!("{at}/{index}"), places);
            }
        }
        _ => {}
    }
}

fn remove(object: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => {}
    }
}

/// A value that fits few schemas.
fn wrong(random: &mut Random) -> Value {
    let all = [
        Value::Null,
        json!(true),
        json!(7),
        json!(2.5),
        json!("text"),
        json!([]),
        json!(["a"]),
        json!({}),
        json!({"a": "b"}),
        json!("a".repeat(5000)),
    ];
    random.pick(&all).clone()
}

/// Changes a value of whose kind it stays.
fn inside(value: &mut Value, schema: &Value, random: &mut Random) {
    match value {
        Value::Object(map) => {
            let named = schema["properties"].as_object().into_iter().flatten();
            let named: Vec<_> = named.collect();
            match named.is_empty() || random.one_in(6) {
                true => drop(map.insert("unknown".to_owned(), json!(1))),
                false => {
                    let (name, schema) = random.pick(&named);
                    map.insert((*name).clone(), values::make(schema, random, 4));
                }
            }
        }
        Value::Array(items) => {
            let again = (!items.is_empty()).then(|| random.pick(items).clone());
            match (random.below(3), again) {
                (0, Some(item)) => items.push(item),
                (1, Some(item)) if random.one_in(4) => items.extend(vec![item; 17]),
                _ => items.push(values::make(&schema["items"], random, 4)),
            }
        }
        Value::String(text) => match random.below(4) {
            0 => text.push(*random.pick(&['a', '-', '.', '/', ' ', '*', '\u{e9}'])),
            1 => *text = text.to_uppercase(),
            _ => *text = values::text(schema, random),
        },
        Value::Number(_) => *value = values::number(schema, random),
        Value::Bool(own) => *own = !*own,
        Value::Null => {}
    }
}
