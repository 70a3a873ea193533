//! The constraints of a schema, found along an object that has every field.

use serde_json::{Value, json};

/// A constraint at one place of an object.
pub(crate) struct Constraint {
    /// The schema's path, as [`crate::crd::walk`] has it.
    pub(crate) path: String,
    /// The keyword.
    pub(crate) keyword: &'static str,
    /// JSON pointer to the value.
    pub(crate) pointer: String,
    /// The value's field path, as problems have it.
    pub(crate) field: String,
    /// A value in its place that breaks the constraint; `None` takes the value away.
    pub(crate) broken: Option<Value>,
    /// Where the problem is to be found: the value's field path, or that of an entry.
    pub(crate) blamed: String,
}

/// The keywords that constrain, `required` and the uniqueness of entries apart.
pub(crate) const KEYWORDS: [&str; 12] = [
    "type",
    "enum",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "x-kubernetes-list-type",
];

/// All constraints on `value`.
pub(crate) fn collect(schema: &Value, value: &Value) -> Vec<Constraint> {
    let mut found = Vec::new();
    let place = Place::default();
    place.visit(schema, value, &mut found);
    found
}

#[derive(Default)]
struct Place {
    path: String,
    pointer: String,
    field: String,
}

impl Place {
    fn visit(&self, schema: &Value, value: &Value, found: &mut Vec<Constraint>) {
        if self.path.starts_with(".metadata") {
            return;
        }
        for keyword in KEYWORDS {
            let Some(broken) = break_it(keyword, schema, value) else {
                continue;
            };
            let blamed = match (keyword, value) {
                ("x-kubernetes-list-type", Value::Array(items)) => {
                    format!("{}[{}]", self.field, items.len())
                }
                _ => self.field.clone(),
            };
            found.push(self.constraint(keyword, Some(broken), blamed));
        }
        match value {
            Value::Object(map) => self.visit_map(schema, map, found),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let place = self.inner("[]", &index.to_string(), &format!("[{index}]"));
                    place.visit(&schema["items"], item, found);
                }
            }
            _ => {}
        }
    }

    fn visit_map(
        &self,
        schema: &Value,
        map: &serde_json::Map<String, Value>,
        found: &mut Vec<Constraint>,
    ) {
        for (name, value) in map {
            let each = &schema["additionalProperties"];
            if each.is_object() {
                self.inner("{}", &name.replace('/', "~1"), &format!("[{name}]"))
                    .visit(each, value, found);
                continue;
            }
            let dotted = match self.field.as_str() {
                "" => name.clone(),
                _ => format!(".{name}"),
            };
            let place = self.inner(&format!(".{name}"), name, &dotted);
            let property = &schema["properties"][name];
            let required = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|r| r == name);
            if required && property.get("default").is_none() {
                found.push(place.constraint("required", None, place.field.clone()));
            }
            place.visit(property, value, found);
        }
    }

    fn inner(&self, path: &str, pointer: &str, field: &str) -> Self {
        Self {
            path: format!("{}{path}", self.path),
            pointer: format!("{}/{pointer}", self.pointer),
            field: format!("{}{field}", self.field),
        }
    }

    fn constraint(
        &self,
        keyword: &'static str,
        broken: Option<Value>,
        blamed: String,
    ) -> Constraint {
        Constraint {
            path: self.path.clone(),
            keyword,
            pointer: self.pointer.clone(),
            field: self.field.clone(),
            broken,
            blamed,
        }
    }
}

/// A value that breaks one constraint of a schema.
fn break_it(keyword: &str, schema: &Value, value: &Value) -> Option<Value> {
    let limit = schema.get(keyword)?;
    let number = || limit.as_i64().unwrap();
    let size = || usize::try_from(number()).unwrap();
    Some(match keyword {
        "type" => match limit.as_str()? {
            "string" => json!(["a", "list"]),
            _ => json!("a text"),
        },
        "enum" => match &limit[0] {
            Value::String(_) => json!("NoSuchValue"),
            _ => json!(999_999),
        },
        "pattern" => json!(breaks_pattern(limit.as_str()?)?),
        "format" => match limit.as_str()? {
            "int32" => json!(i64::from(i32::MAX) + 1),
            "date-time" => json!("yesterday"),
            "int64" => return None,
            other => panic!("a format that is not tested: {other}"),
        },
        "minimum" => json!(number() - 1),
        "maximum" => json!(number() + 1),
        "minLength" if number() == 0 => return None,
        "minLength" => json!(""),
        "maxLength" => json!("a".repeat(size() + 1)),
        "minItems" => json!([]),
        "maxItems" => {
            let item = value.as_array()?.first()?;
            Value::Array(vec![item.clone(); size() + 1])
        }
        "maxProperties" => Value::Object(
            (0..=size())
                .map(|key| (format!("k{key}"), json!("v")))
                .collect(),
        ),
        "x-kubernetes-list-type" if limit == "atomic" => return None,
        "x-kubernetes-list-type" => {
            let mut items = value.as_array()?.clone();
            items.push(items.first()?.clone());
            Value::Array(items)
        }
        _ => return None,
    })
}

/// A text that a pattern doesn't match; `None` for those that match any text of some form.
fn breaks_pattern(pattern: &str) -> Option<&'static str> {
    let regex = regex::Regex::new(pattern).unwrap();
    let found = ["/ not ok", "not\nok ", "Ü"]
        .into_iter()
        .find(|text| !regex.is_match(text));
    assert!(found.is_some(), "a pattern that is not tested: {pattern}");
    found
}
