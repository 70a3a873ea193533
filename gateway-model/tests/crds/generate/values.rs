//! Values that a schema's types admit, and its patterns where a word is known that fits.

use serde_json::{Map, Value, json};

use super::Random;

/// Words that fields of these schemas are made of, right and wrong.
const WORDS: [&str; 74] = [
    "",
    "a",
    "b",
    "A",
    "x-a",
    "X-B",
    "a b",
    "-a",
    "a-",
    "a_b",
    "a.b",
    "a.b.",
    "Ü",
    "*",
    "null",
    "1",
    "a.example.com",
    "b.example.com",
    "*.example.com",
    "*.com",
    "*.a.*",
    "a..b",
    "cluster.local",
    "a.svc.cluster.local",
    "10.0.0.1",
    "1.2.3",
    "::1",
    "[::1]",
    "256.0.0.1",
    "/",
    "/a",
    "/a/b",
    "/a//b",
    "/a/../b",
    "/a/.",
    "/a/..",
    "/./a",
    "/a%2Fb",
    "/a%2",
    "/a#b",
    "/a?b",
    "a/b",
    "//",
    "/a ",
    "(a|b)+",
    "[",
    "example.com/x",
    "example.com/",
    "gateway.networking.k8s.io",
    "Gateway",
    "Service",
    "Secret",
    "ConfigMap",
    "HTTPRoute",
    "GET",
    "get",
    "CONNECT",
    "0s",
    "1ms",
    "10s",
    "1h",
    "1h1ms",
    "99999h",
    "1.5s",
    "1d",
    "https://a.example",
    "http://*.a:80",
    "https://*",
    "ftp://a",
    "spiffe://a/b",
    "System",
    "foo.bar/Baz_1",
    "package.Service",
    "Value-1",
];

/// Lengths that lie about the bounds of texts.
const LENGTHS: [usize; 12] = [62, 63, 64, 128, 253, 254, 256, 1024, 1025, 2048, 4096, 4097];

/// A value of a schema, which may break its bounds now and then.
pub(crate) fn make(schema: &Value, random: &mut Random, depth: usize) -> Value {
    if let Some(options) = schema["enum"].as_array()
        && !random.one_in(20)
    {
        return random.pick(options).clone();
    }
    match schema["type"].as_str() {
        Some("object") => map(schema, random, depth),
        Some("array") => list(schema, random, depth),
        Some("string") => json!(text(schema, random)),
        Some("integer" | "number") => number(schema, random),
        Some("boolean") => json!(random.one_in(2)),
        _ => match random.one_in(2) {
            true => json!(random.below(100)),
            false => json!(*random.pick(&WORDS)),
        },
    }
}

fn map(schema: &Value, random: &mut Random, depth: usize) -> Value {
    let mut made = Map::new();
    if schema["additionalProperties"].is_object() {
        for _ in 0..random.below(3) {
            let key = (*random.pick(&WORDS)).to_owned();
            made.insert(
                key,
                make(&schema["additionalProperties"], random, depth + 1),
            );
        }
    }
    let required = |name: &str| {
        let names = schema["required"].as_array();
        names.into_iter().flatten().any(|own| own == name)
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let wanted = required(name) || (depth < 7 && random.one_in(3));
        if wanted && !random.one_in(40) {
            made.insert(name.clone(), make(property, random, depth + 1));
        }
    }
    Value::Object(made)
}

fn list(schema: &Value, random: &mut Random, depth: usize) -> Value {
    let min = schema["minItems"].as_u64().unwrap_or(0);
    let count = usize::try_from(min).unwrap() + random.below(3);
    let items = (0..count).map(|_| make(&schema["items"], random, depth + 1));
    items.collect()
}

/// A word that fits, if one is found in a few tries.
pub(crate) fn text(schema: &Value, random: &mut Random) -> String {
    let pattern = schema["pattern"].as_str();
    let pattern = pattern.map(|pattern| regex::Regex::new(pattern).unwrap());
    let min = schema["minLength"].as_u64().unwrap_or(0);
    let mut word = "";
    for _ in 0..30 {
        word = *random.pick(&WORDS);
        let long_enough = u64::try_from(word.len()).unwrap() >= min;
        if long_enough
            && pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(word))
        {
            break;
        }
    }
    match random.one_in(25) {
        true => "a".repeat(*random.pick(&LENGTHS)),
        false => word.to_owned(),
    }
}

/// A number about the bounds of a schema, or another one.
pub(crate) fn number(schema: &Value, random: &mut Random) -> Value {
    let bound = |name: &str, other: i64| schema[name].as_i64().unwrap_or(other);
    let (min, max) = (bound("minimum", 0), bound("maximum", 100));
    match random.below(11) {
        0 => json!(min - 1),
        1 => json!(max + 1),
        2 => json!(i64::from(i32::MAX) + 1),
        3 => json!(1.5),
        5 => json!(min),
        6 => json!(max),
        _ => json!(
            min + i64::try_from(random.below(usize::try_from(max - min + 1).unwrap())).unwrap()
        ),
    }
}
