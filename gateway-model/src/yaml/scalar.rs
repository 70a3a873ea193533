//! What plain scalars mean.

use saphyr_parser::{ScalarStyle, Tag};

use crate::tree::Value;

/// Resolves a scalar as Kubernetes does: quoted ones are text; plain ones follow YAML 1.1, as the
/// Go parser behind kubectl reads it (`yes`, `on`, `0777`), and the `0o` octals of YAML 1.2.
///
/// # Errors
/// A tag that isn't one of YAML's own, or that the text doesn't fit.
pub(super) fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else {
        return Ok(match style {
            ScalarStyle::Plain => plain(text),
            _ => Value::String(text.to_owned()),
        });
    };
    let own = tag.is_yaml_core_schema();
    let unspecific = tag.handle.is_empty() && tag.suffix == "!"; // the parser's way to say `!`
    if unspecific || (own && tag.suffix == "str") {
        return Ok(Value::String(text.to_owned()));
    }
    if !own {
        return Err(format!(
            "expected no tag, or one of YAML's own, found {tag}"
        ));
    }
    let value = plain(text);
    let fits = matches!(
        (tag.suffix.as_str(), &value),
        ("int", Value::Int(_))
            | ("float", Value::Int(_) | Value::Float(_))
            | ("bool", Value::Bool(_))
            | ("null", Value::Null)
    );
    match fits {
        true => Ok(value),
        false => Err(format!(
            "expected a value that fits its tag !!{}",
            tag.suffix
        )),
    }
}

/// What a plain scalar without a tag means.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    let joined = text.replace('_', "");
    integer(&joined)
        .map(Value::Int)
        .or_else(|| float(&joined).map(Value::Float))
}

/// An integer, with the prefixes that Go has: `0x`, `0b`, `0o`, `0`.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    match digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        true => i64::from_str_radix(&format!("{sign}{digits}"), radix).ok(),
        false => None,
    }
}

/// A finite decimal number.
fn float(text: &str) -> Option<f64> {
    let shaped = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match shaped && text.bytes().any(|b| b.is_ascii_digit()) {
        true => text.parse().ok().filter(|number: &f64| number.is_finite()),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, plain};

    #[test]
    fn plain_scalars_mean_what_they_mean_to_kubectl() {
        let rows = [
            ("yes", Value::Bool(true)),
            ("Off", Value::Bool(false)),
            ("~", Value::Null),
            ("8080", Value::Int(8080)),
            ("-1", Value::Int(-1)),
            ("+7", Value::Int(7)),
            ("0x1F", Value::Int(31)),
            ("0777", Value::Int(511)),
            ("0o17", Value::Int(15)),
            ("1_000", Value::Int(1000)),
            ("080", Value::Float(80.0)),
            ("1e3", Value::Float(1000.0)),
            ("99999999999999999999", Value::Float(1e20)),
        ];
        for (text, want) in rows {
            assert_eq!(plain(text), want, "{text}");
        }
        for text in [
            "2024-01-01",
            "1.2.3.4",
            "yEs",
            "10.0.0.0/8",
            "0x",
            "-",
            ".",
            "1h30m",
            "e5",
            "::1",
        ] {
            assert_eq!(plain(text), Value::String(text.to_owned()), "{text}");
        }
    }
}
