//! Rules of the template engine, by rows of template, message and outcome.

use std::sync::Arc;

use bytes::Bytes;
use gateway_resolve::ir::{
    BodyParsing, BodyTransformation, Captures, Extracted, ExtractionMode, Extractor, MergedKey,
    Template, Transformation,
};

use super::engine::Engine;
use super::program::{Name, Outcome, Program};
use super::{Around, Headers};
use crate::admit::Metadata;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(pair).collect()
}

fn template(text: &str) -> Template {
    Template::new(text, false).unwrap()
}

fn run(spec: &Transformation, body: &str) -> Result<Outcome, String> {
    let mut engine = Engine::new(4096);
    let program = Program::new(spec, &mut engine).unwrap();
    let around = Around {
        request: Arc::new(headers(&[("x-id", "7")])),
        metadata: Metadata::default().share(),
    };
    let seen = headers(&[
        (":path", "/a"),
        ("x-name", "Ann"),
        ("x-quote", "say \"hi\""),
    ]);
    program.run(
        &engine,
        seen,
        around,
        Bytes::copy_from_slice(body.as_bytes()),
    )
}

/// What a body template comes to.
pub(super) fn rendered(text: &str, body: &str) -> Result<String, String> {
    let spec = Transformation {
        body: BodyTransformation::Text(template(text)),
        ..Transformation::default()
    };
    run(&spec, body).map(|outcome| outcome.body.unwrap())
}

#[test]
fn values_are_written_as_inja_does() {
    let body = r#"{"a":{"b":[1,2.0,{"c":"x"}]},"s":"q\"\n","n":null,"t":true,"o":{"z":1,"a":2}}"#;
    let rows = [
        ("{{ a.b.0 }} {{ a.b.1 }} {{ a.b.2.c }}", "1 2.0 x"),
        ("{{ s }}", "q\"\n"),
        ("{{ raw_string(s) }}", "q\\\"\\n"),
        ("[{{ n }}] {{ t }}", "[] true"),
        ("{{ o }} {{ a.b }}", r#"{"a":2,"z":1} [1,2.0,{"c":"x"}]"#),
        ("{{ header(\"X-Name\") }}{{ header(\"x-none\") }}", "Ann"),
        (
            "{{ header(\":path\") }} {{ request_header(\"x-id\") }}",
            "/a 7",
        ),
        ("{{ upper(header(\"x-name\")) }} {{ length(a.b) }}", "ANN 3"),
        (
            "{{ default(a.x.y, \"no\") }} {{ default(t, \"no\") }}",
            "no true",
        ),
        (
            "{% if exists(\"a.b\") and not exists(\"a.c\") %}yes{% endif %}",
            "yes",
        ),
        (
            "{% for x in a.b %}{{ loop.index }}{% if not loop.is_last %},{% endif %}{% endfor %}",
            "0,1,2",
        ),
        (
            "{% for k, v in o %}{{ k }}={{ v }};{% endfor %}",
            "a=2;z=1;",
        ),
        ("{% set x = 2 %}{{ x * 3 + 1 }} {{ 2 ^ 3 }}", "7 8"),
        (
            "{{ base64_encode(\"hi\") }} {{ base64_decode(\"aGk=\") }}{{ base64_decode(\"?\") }}",
            "aGk= hi",
        ),
        (
            "{{ substring(\"hello\", 1, 2) }}{{ substring(\"hello\", 9) }}",
            "el",
        ),
        (
            "{{ join(sort([\"b\", \"a\"]), \"-\") }} {{ round(2.345, 1) }}",
            "a-b 2.3",
        ),
        (
            "{{ trim(\" a \") }} {{ word_count(\"a b\") }} {{ first(a.b) }}",
            "a 2 1",
        ),
        (
            "{{ dynamic_metadata(\"a\") }}{{ env(\"NOT_THERE\") }}{{ extraction(\"none\") }}",
            "",
        ),
        ("## if t\nline\n## endif\nend\n", "line\nend\n"),
    ];
    for (text, want) in rows {
        assert_eq!(rendered(text, body).as_deref(), Ok(want), "{text}");
    }
    assert_eq!(
        rendered("{{ body() }} {{ context() }}", "{\"b\":1, \"a\":2}").unwrap(),
        "{\"b\":1, \"a\":2} {\"a\":2,\"b\":1}"
    );
}

#[test]
fn what_is_not_there_and_what_is_no_json_are_errors() {
    assert_eq!(
        rendered("{{ a.b }}", "{\"a\":{}}").unwrap_err(),
        "variable 'a.b' not found"
    );
    assert!(rendered("{% if a %}{% endif %}", "{}").is_err());
    assert!(rendered("{{ upper }}", "{}").is_err());
    assert!(rendered("x", "{").is_err());
    assert!(rendered("x", "").is_ok());
    let spec = |parsing| Transformation {
        body: BodyTransformation::Text(template("{{ body() }}")),
        parsing,
        ..Transformation::default()
    };
    for parsing in [BodyParsing::Nothing, BodyParsing::JsonIfPossible] {
        let outcome = run(&spec(parsing), "{").unwrap();
        assert_eq!(outcome.body.as_deref(), Some("{"));
    }
}

#[test]
fn rendering_is_bounded() {
    let long = "{% for a in range(1000) %}{{ \"0123456789\" }}{% endfor %}";
    assert!(rendered(long, "").is_err());
    let slow = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    assert!(rendered(slow, "").is_err());
}

fn extractor(from: Extracted, pattern: &str, mode: ExtractionMode) -> Extractor {
    Extractor {
        from,
        pattern: Captures::new(pattern).unwrap(),
        mode,
    }
}

#[test]
fn extractors_take_from_headers_and_bodies() {
    let name = || Extracted::Header("X-Name".into());
    let rows = [
        (extractor(name(), "A(n+)", ExtractionMode::Extract(1)), "nn"),
        (extractor(name(), "A(n)", ExtractionMode::Extract(1)), ""),
        (
            extractor(name(), "(A)nn", ExtractionMode::ReplaceGroup(1, "E".into())),
            "Enn",
        ),
        (
            extractor(name(), "(A)n", ExtractionMode::ReplaceGroup(1, "E".into())),
            "Ann",
        ),
        (
            extractor(name(), "(n)", ExtractionMode::ReplaceAll("<$1>".into())),
            "A<n><n>",
        ),
        (
            extractor(Extracted::Body, ".*id=(\\d+).*", ExtractionMode::Extract(1)),
            "42",
        ),
    ];
    for (extractor, want) in rows {
        let what = format!("{extractor:?}");
        let mut spec = Transformation {
            extractors: vec![("e.x".into(), extractor)],
            body: BodyTransformation::Text(template("{{ extraction(\"e.x\") }}")),
            parsing: BodyParsing::Nothing,
            ..Transformation::default()
        };
        let outcome = run(&spec, "a id=42 b").unwrap();
        assert_eq!(outcome.body.as_deref(), Some(want), "{what}");
        spec.extractions_are_variables = true;
        spec.body = BodyTransformation::Text(template("{{ e.x }}"));
        let outcome = run(&spec, "a id=42 b").unwrap();
        assert_eq!(outcome.body.as_deref(), Some(want), "{what}");
        spec.body = BodyTransformation::MergeExtractors;
        let outcome = run(&spec, "a id=42 b").unwrap();
        let merged = format!("{{\"e\":{{\"x\":\"{want}\"}}}}");
        assert_eq!(outcome.body, Some(merged), "{what}");
    }
}

#[test]
fn keys_are_merged_into_a_body() {
    let key = |key: &str, value: &str, even_if_empty| MergedKey {
        key: key.into(),
        value: template(value),
        even_if_empty,
    };
    let spec = |keys| Transformation {
        body: BodyTransformation::MergeKeys(keys),
        ..Transformation::default()
    };
    let keys = vec![
        key("a", "{{ b }}", false),
        key("b", "\"{{ header(\"x-name\") }}\"", false),
        key("c", "", false),
        key("d", "", true),
    ];
    let outcome = run(&spec(keys), "{\"b\":[1],\"c\":2}").unwrap();
    assert_eq!(
        outcome.body.as_deref(),
        Some(r#"{"a":[1],"b":"Ann","c":2,"d":""}"#)
    );
    assert!(run(&spec(vec![key("a", "no json", false)]), "{}").is_err());
}

#[test]
fn texts_are_escaped_where_that_is_asked_for() {
    let mut spec = Transformation {
        headers: vec![
            ("X-New".into(), template("{{ header(\"x-quote\") }}")),
            (":path".into(), template("{{ header(\":path\") }}/b")),
        ],
        ..Transformation::default()
    };
    for (escapes, want) in [(false, "say \"hi\""), (true, "say \\\"hi\\\"")] {
        spec.escapes = escapes;
        let set = run(&spec, "").unwrap().set;
        let name = Name::Header(http::HeaderName::from_static("x-new"));
        assert_eq!(
            set,
            [(name, want.to_owned()), (Name::Path, "/a/b".to_owned())]
        );
    }
}

#[test]
fn one_pattern_is_replaced_by_one_random_text_throughout() {
    let text =
        "{{ replace_with_random(\"a-X\", \"X\") }} {{ replace_with_random(\"b-X\", \"X\") }}";
    let rendered = rendered(text, "").unwrap();
    let (first, second) = rendered.split_once(' ').unwrap();
    assert_eq!(first.strip_prefix("a-"), second.strip_prefix("b-"));
    assert!(first.len() > 20);
}
