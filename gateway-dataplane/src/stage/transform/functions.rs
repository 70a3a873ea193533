//! The functions of templates.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use minijinja::value::{Rest, Serde, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};

use super::subject::{NAME, Subject, walk};
use crate::admit::Kept;

/// The message that a template is rendered for.
pub(super) fn subject(state: &State<'_, '_>) -> Option<Arc<Subject>> {
    state.lookup(NAME)?.downcast_object::<Subject>()
}

fn of(state: &State<'_, '_>) -> Result<Arc<Subject>, Error> {
    subject(state).ok_or_else(|| invalid("there is no message"))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// A value as JSON.
pub(super) fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| invalid(error.to_string()))
}

/// A text as in a string of JSON, without its quotes.
pub(super) fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

pub(super) fn add_all(environment: &mut Environment<'static>) {
    add_variables(environment);
    add_message(environment);
    add_texts(environment);
    add_lists(environment);
    add_numbers(environment);
}

/// A variable that the template has set, or that the message has.
fn variable(state: &State<'_, '_>, path: &str) -> Option<Value> {
    let path: Vec<_> = path.split('\u{1f}').collect();
    let own = |value: &Value| value.kind() != ValueKind::Plain;
    match state.lookup(path[0]).filter(own) {
        Some(value) => walk(value, &path[1..]),
        None => subject(state)?.variable(&path),
    }
}

fn add_variables(environment: &mut Environment<'static>) {
    environment.add_function("var", |state: &State<'_, '_>, path: &str| {
        variable(state, path).ok_or_else(|| {
            let name = path.replace('\u{1f}', ".");
            let message = format!("variable '{name}' not found");
            Error::new(ErrorKind::UndefinedError, message)
        })
    });
    environment.add_function("optional", |state: &State<'_, '_>, path: &str| {
        variable(state, path).unwrap_or(Value::UNDEFINED)
    });
    environment.add_function(
        "default",
        |value: Value, other: Value| {
            if value.is_undefined() { other } else { value }
        },
    );
    environment.add_function("exists", |state: &State<'_, '_>, path: &str| {
        let path = path.replace(['.', '/'], "\u{1f}");
        variable(state, &path).is_some()
    });
    environment.add_function("existsIn", |object: Value, key: &str| {
        walk(object, &[key]).is_some()
    });
    environment.add_function("items", |object: Value| -> Result<Value, Error> {
        if object.kind() != ValueKind::Map {
            return Err(invalid("object must be an object"));
        }
        let pair = |key: Value| {
            let value = object.get_item(&key)?;
            Ok(Value::from(vec![key, value]))
        };
        let pairs: Result<Vec<_>, Error> = object.try_iter()?.map(pair).collect();
        pairs.map(Value::from)
    });
}

fn add_message(environment: &mut Environment<'static>) {
    environment.add_function("header", |state: &State<'_, '_>, name: &str| {
        let subject = of(state)?;
        let value = subject.headers.get(&name.to_ascii_lowercase());
        Ok::<_, Error>(value.cloned().unwrap_or_default())
    });
    environment.add_function("request_header", |state: &State<'_, '_>, name: &str| {
        let subject = of(state)?;
        let value = subject.around.request.get(&name.to_ascii_lowercase());
        Ok::<_, Error>(value.cloned().unwrap_or_default())
    });
    environment.add_function("extraction", |state: &State<'_, '_>, name: &str| {
        let subject = of(state)?;
        let value = subject.extractions.get(name);
        Ok::<_, Error>(value.cloned().unwrap_or_default())
    });
    environment.add_function("body", |state: &State<'_, '_>| {
        let subject = of(state)?;
        Ok::<_, Error>(String::from_utf8_lossy(&subject.body).into_owned())
    });
    environment.add_function("context", |state: &State<'_, '_>| {
        Ok::<_, Error>(of(state)?.json.clone())
    });
    environment.add_function("env", |name: &str| std::env::var(name).unwrap_or_default());
    environment.add_function(
        "replace_with_random",
        |state: &State<'_, '_>, text: &str, pattern: &str| {
            let random = of(state)?.random(pattern);
            Ok::<_, Error>(text.replace(pattern, &random))
        },
    );
    environment.add_function("raw_string", |state: &State<'_, '_>, text: &str| {
        // Where texts are escaped anyway, once is enough.
        let escapes = of(state)?.escapes;
        Ok::<_, Error>(if escapes {
            text.to_owned()
        } else {
            escaped(text)
        })
    });
    environment.add_function("dynamic_metadata", dynamic_metadata);
    // There is no such metadata here.
    for name in [
        "clusterMetadata",
        "cluster_metadata",
        "data_source",
        "host_metadata",
    ] {
        environment.add_function(name, |_: Rest<Value>| "");
    }
}

/// Whose values are that are asked for without saying.
const NAMESPACE: &str = "io.solo.transformation";

/// What an earlier transformation has kept: at `a:b` what is under `b` in what is under `a`. Nothing where there is no such
/// thing.
fn dynamic_metadata(
    state: &State<'_, '_>,
    path: &str,
    namespace: Option<&str>,
) -> Result<Value, Error> {
    let subject = of(state)?;
    let (key, below) = path.split_once(':').unwrap_or((path, ""));
    let kept = subject
        .around
        .metadata
        .get(namespace.unwrap_or(NAMESPACE), key);
    let value = match kept {
        None => return Ok(Value::from("")),
        Some(Kept::Text(text)) => Value::from(text),
        Some(Kept::Json(json)) => {
            let json: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
            Value::from(Serde(&json))
        }
    };
    let path: Vec<_> = below.split(':').filter(|part| !part.is_empty()).collect();
    Ok(walk(value, &path).unwrap_or_else(|| Value::from("")))
}

fn add_texts(environment: &mut Environment<'static>) {
    environment.add_function("upper", |text: &str| text.to_uppercase());
    environment.add_function("lower", |text: &str| text.to_lowercase());
    environment.add_function("capitalize", |text: &str| {
        let mut chars = text.chars();
        let first = chars.next().into_iter().flat_map(char::to_uppercase);
        first.collect::<String>() + &chars.as_str().to_lowercase()
    });
    environment.add_function("trim", |text: &str| text.trim().to_owned());
    environment.add_function("replace", |text: &str, from: &str, to: &str| {
        text.replace(from, to)
    });
    environment.add_function("word_count", |text: &str| text.split_whitespace().count());
    environment.add_function("substring", substring);
    environment.add_function("base64_encode", |text: &str| STANDARD.encode(text));
    environment.add_function("base64url_encode", |text: &str| URL_SAFE.encode(text));
    // What is no base64 comes to nothing.
    environment.add_function("base64_decode", |text: &str| decoded(STANDARD.decode(text)));
    environment.add_function("base64url_decode", |text: &str| {
        let bare = text.trim_end_matches('=');
        decoded(URL_SAFE_NO_PAD.decode(bare))
    });
}

fn decoded(bytes: Result<Vec<u8>, base64::DecodeError>) -> String {
    String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

/// From byte `start` on, `length` bytes, or all: nothing where the text is shorter.
fn substring(text: &str, start: i64, length: Option<i64>) -> String {
    let Ok(start) = usize::try_from(start) else {
        return String::new();
    };
    let bytes = text.as_bytes().get(start..).unwrap_or_default();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let end = length.unwrap_or(bytes.len()).min(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn list(value: &Value) -> Result<Vec<Value>, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => Ok(value.try_iter()?.collect()),
        _ => Err(invalid("object must be an array")),
    }
}

fn add_lists(environment: &mut Environment<'static>) {
    environment.add_function("length", |value: Value| {
        value.len().ok_or_else(|| invalid("it has no length"))
    });
    environment.add_function("first", |value: Value| edge(&value, <[Value]>::first));
    environment.add_function("last", |value: Value| edge(&value, <[Value]>::last));
    environment.add_function("at", |value: Value, index: usize| {
        edge(&value, |list| list.get(index))
    });
    environment.add_function("sort", |value: Value| {
        let mut sorted = list(&value)?;
        sorted.sort();
        Ok::<_, Error>(Value::from(sorted))
    });
    environment.add_function("join", |value: Value, separator: &str| {
        let texts: Result<Vec<_>, Error> = list(&value)?.iter().map(text).collect();
        Ok::<_, Error>(texts?.join(separator))
    });
    environment.add_function("range", |count: u32| match count {
        ..=10_000 => Ok((0..count).map(Value::from).collect::<Vec<_>>()),
        _ => Err(invalid("a range has at most 10000 numbers")),
    });
    environment.add_function("min", |value: Value| {
        let list = list(&value)?;
        list.into_iter().min().ok_or_else(|| invalid("it is empty"))
    });
    environment.add_function("max", |value: Value| {
        let list = list(&value)?;
        list.into_iter().max().ok_or_else(|| invalid("it is empty"))
    });
}

fn edge(value: &Value, pick: impl Fn(&[Value]) -> Option<&Value>) -> Result<Value, Error> {
    let list = list(value)?;
    pick(&list)
        .cloned()
        .ok_or_else(|| invalid("there is no such element"))
}

fn text(value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => json(value),
    }
}

fn add_numbers(environment: &mut Environment<'static>) {
    environment.add_function("round", |value: f64, places: i32| {
        let scale = 10_f64.powi(places);
        let rounded = (value * scale).round() / scale;
        match places {
            0 => Value::from(rounded as i64),
            _ => Value::from(rounded),
        }
    });
    environment.add_function("divisibleBy", |value: i64, by: i64| {
        by != 0 && value % by == 0
    });
    environment.add_function("even", |value: i64| value % 2 == 0);
    environment.add_function("odd", |value: i64| value % 2 != 0);
    environment.add_function("int", |value: Value| {
        number(&value).map(|number| number as i64)
    });
    environment.add_function("float", |value: Value| number(&value));
    let kinds: [(&'static str, IsOf); 7] = [
        ("isArray", |value| value.kind() == ValueKind::Seq),
        ("isBoolean", |value| value.kind() == ValueKind::Bool),
        ("isFloat", |value| value.is_number() && !value.is_integer()),
        ("isInteger", |value| value.is_integer()),
        ("isNumber", |value| value.is_number()),
        ("isObject", |value| value.kind() == ValueKind::Map),
        ("isString", |value| value.kind() == ValueKind::String),
    ];
    for (name, is) in kinds {
        environment.add_function(name, move |value: Value| is(&value));
    }
}

/// Is a value of a kind?
type IsOf = fn(&Value) -> bool;

fn number(value: &Value) -> Result<f64, Error> {
    let parsed = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => f64::try_from(value.clone()).ok(),
    };
    parsed.ok_or_else(|| invalid("it is no number"))
}
