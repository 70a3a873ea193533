//! Each function of templates does what Inja's, or K8sGateway's, of that name does.

use super::tests::rendered;

const BODY: &str = r#"{"list":[3,1,2],"o":{"k":1},"s":"Some Text","f":2.5,"n":7,"t":true}"#;

#[test]
fn functions_come_to_what_they_are_named_for() {
    let rows = [
        (
            "{{ lower(s) }}|{{ capitalize(s) }}|{{ replace(s, \"Some\", \"Any\") }}",
            "some text|Some text|Any Text",
        ),
        (
            "{{ last(list) }} {{ at(list, 1) }} {{ min(list) }} {{ max(list) }}",
            "2 1 1 3",
        ),
        ("{{ sort(list) }} {{ length(s) }}", "[1,2,3] 9"),
        (
            "{{ range(3) }} {{ join(range(3), \"+\") }}",
            "[0,1,2] 0+1+2",
        ),
        (
            "{{ divisibleBy(n, 7) }} {{ even(n) }} {{ odd(n) }} {{ divisibleBy(n, 0) }}",
            "true false true false",
        ),
        ("{{ int(\"12\") }} {{ float(\"1.5\") }}", "12 1.5"),
        (
            "{{ isArray(list) }} {{ isObject(o) }} {{ isString(s) }} {{ isNumber(f) }} {{ isBoolean(t) }}",
            "true true true true true",
        ),
        (
            "{{ isInteger(n) }} {{ isFloat(f) }} {{ isInteger(f) }} {{ isFloat(n) }} {{ isString(n) }}",
            "true true false false false",
        ),
        (
            "{{ existsIn(o, \"k\") }} {{ existsIn(o, \"x\") }}",
            "true false",
        ),
        (
            "{{ base64url_encode(\"a?>~\") }} {{ base64url_decode(\"YT8-fg==\") }}{{ base64url_decode(\"?\") }}",
            "YT8-fg== a?>~",
        ),
        (
            "{{ data_source(\"x\") }}{{ cluster_metadata(\"x\") }}{{ clusterMetadata(\"x\") }}{{ host_metadata(\"x\") }}",
            "",
        ),
        ("{{ dynamic_metadata(\"a:b\", \"ns\") }}", ""),
        (
            "{{ substring(s, 5) }} {{ substring(s, 5, 99) }}",
            "Text Text",
        ),
        ("{{ raw_string(\"a\\nb\") }}", "a\\nb"),
    ];
    for (text, want) in rows {
        assert_eq!(rendered(text, BODY).as_deref(), Ok(want), "{text}");
    }
}

#[test]
fn one_random_text_stands_for_a_pattern_throughout_a_message() {
    let text = "{{ replace_with_random(\"a-X\", \"X\") }}|{{ replace_with_random(\"a-X\", \"X\") }}|\
                {{ replace_with_random(\"a-Y\", \"Y\") }}";
    let made = rendered(text, "{}").unwrap();
    let parts: Vec<_> = made.split('|').collect();
    assert_eq!(parts[0], parts[1]);
    assert_ne!(parts[0], parts[2]);
    assert!(parts[0].len() > 10, "{made}");
}

#[test]
fn arguments_that_are_none_are_errors() {
    for bad in [
        "{{ upper(1) }}",
        "{{ first(list) }}",
        "{{ at(\"text\", 0) }}",
        "{{ int(\"x\") }}",
        "{{ range(99999) }}",
        "{{ sort(1) }}",
        "{{ nothing_of_that_name(1) }}",
    ] {
        assert!(rendered(bad, "{\"list\": []}").is_err(), "{bad}");
    }
}
