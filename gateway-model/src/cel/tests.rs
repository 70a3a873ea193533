//! The language, rule by rule, on a small object.

use serde_json::json;

use super::Program;
use crate::tree::Node;

fn run(rule: &str) -> Result<bool, String> {
    let object = json!({
        "name": "web", "port": 80, "on": true, "namespace": "ns",
        "tags": ["a", "b", "a"], "map": {"a/b": "x"}, "wait": "1m",
        "items": [{"n": 1, "v": "x"}, {"n": 2}],
    });
    Program::compile(rule)?.holds(&Node::from_json(1, &object))
}

#[test]
fn expressions_that_hold() {
    for rule in [
        "self.name == 'web' && self.port == 80",
        "self.port + 20 - 10 <= 90 && self.port > 79 && -1 < 0",
        "!has(self.missing) && has(self.name)",
        "self.on ? true : self.missing",
        "self.__namespace__ == \"ns\"",
        "'a' in self.tags && !('c' in self.tags) && 'a/b' in self.map",
        "self.tags.exists(t, t == 'b') && self.tags.exists_one(t, t == 'b')",
        "!self.tags.exists_one(t, t == 'a')",
        "self.tags.filter(t, t == 'a').size() == 2 && size(self.tags) == 3",
        "self.items.all(i, !has(i.v) || i.v == 'x')",
        "self.map.all(key, key.split('/')[0].size() < 2)",
        r#"self.name.matches(r"""^w[a-z]\w+$""") || false"#,
        "self.name.startsWith('w') && self.name.endsWith(\"b\") && self.name.contains('e')",
        "duration(self.wait) == duration('60s') && duration('1.5s') > duration('0s')",
        "self.name.substring(1) == 'eb' && self.name.substring(3) == ''",
        "isIP('::1') && !isIP(self.name)",
        "self.items.all(a, self.items.exists_one(b, a.n == b.n))",
        "self.name in ['web', 'api'] && self.port != 81",
        "self.name != null && !(self.port == null)",
        "matches(self.name, '^w') && !matches(self.name, 'W')",
        "format.dns1123Label().validate('a-1') == format.dns1123Label().validate('b')",
        "format.dns1123Label().validate('-a') != format.dns1123Label().validate('a')",
    ] {
        assert_eq!(run(rule), Ok(true), "{rule}");
    }
}

#[test]
fn an_error_counts_unless_the_other_side_decides() {
    assert_eq!(run("self.missing == 1 || true"), Ok(true));
    assert_eq!(run("self.missing == 1 && false"), Ok(false));
    assert_eq!(
        run("self.missing == 1 || false"),
        Err("no such key: missing".to_owned())
    );
    assert_eq!(run("self.items.exists(i, i.v == 'x')"), Ok(true));
    assert!(run("self.items.all(i, i.v == 'x')").is_err());
    assert!(run("self.items[7].n == 1").is_err());
    assert!(run("self.name > 1").is_err());
    assert!(run("self.name.substring(4) == ''").is_err());
    assert!(run("self.name.substring(-1) == ''").is_err());
}

/// A text that has its format is answered with an absent value, which isn't null.
#[test]
fn nothing_that_a_format_answers_is_null() {
    for text in ["a", "A", ""] {
        let rule = format!("format.dns1123Label().validate('{text}') == null");
        assert_eq!(run(&rule), Ok(false), "{text}");
    }
}

#[test]
fn rules_about_changes_see_old_and_new() {
    let rule = Program::compile("self == oldSelf").expect("a rule");
    let [old, new] = [json!("a"), json!("b")].map(|value| Node::from_json(1, &value));
    assert!(rule.is_transition());
    assert_eq!(rule.holds_after(&old, &old), Ok(true));
    assert_eq!(rule.holds_after(&old, &new), Ok(false));
}

#[test]
fn rules_outside_the_supported_part_do_not_compile() {
    for rule in [
        "",
        "self.",
        "self.name ~ 1",
        "self.map(x, x)",
        "optional.none()",
        "'open",
        "(1",
        "1 1",
    ] {
        assert!(Program::compile(rule).is_err(), "{rule}");
    }
}

#[test]
fn rules_about_changes_are_told_apart() {
    assert!(Program::compile("self == oldSelf").unwrap().is_transition());
    assert!(
        !Program::compile("self.oldSelf == 1")
            .unwrap()
            .is_transition()
    );
}
