use super::{Template, TemplateError};

fn translated(text: &str) -> String {
    let template = Template::new(text, false).expect("a template");
    template.translated().replace('\u{1f}', "/")
}

#[test]
fn texts_and_constructs_are_kept_apart() {
    let rows = [
        ("plain # text } %", "plain # text } %"),
        ("{{ a }}", "{{  var(\"a\")  }}"),
        ("{{a.b.0}}", "{{ var(\"a/b/0\") }}"),
        ("{{- a -}}", "{{-  var(\"a\")  -}}"),
        ("a{# b {{ #}c", "ac"),
        ("{{ \"}}\" }}", "{{  \"}}\"  }}"),
        ("{{ upper(a.b) }}", "{{  upper(var(\"a/b\"))  }}"),
        (
            "{{ default(a, b) }}",
            "{{  default(optional(\"a\"), var(\"b\"))  }}",
        ),
        ("{{ 2 ^ 3 }}", "{{  2 ** 3  }}"),
        ("{{ x-y }}", "{{  var(\"x-y\")  }}"),
        ("{{ null }}", "{{  none  }}"),
        (
            "{% if a and not b %}1{% else if c %}2{% else %}3{% endif %}",
            "{% if  var(\"a\") and not var(\"b\")  %}1{% elif  var(\"c\")  %}2{% else  %}3{% endif %}",
        ),
        (
            "{% for x in xs %}{{ loop.index1 }}{% endfor %}",
            "{% for x in (var(\"xs\") ) %}{{  loop.index  }}{% endfor %}",
        ),
        (
            "{% for k, v in o %}{% endfor %}",
            "{% for k, v in items(var(\"o\") ) %}{% endfor %}",
        ),
        ("{% set x = a.b %}", "{% set x =  var(\"a/b\")  %}"),
        (
            "## if a\nx\n## endif\ny",
            "{% if  var(\"a\") %}x\n{% endif %}y",
        ),
    ];
    for (text, want) in rows {
        assert_eq!(translated(text), want, "{text}");
    }
}

#[test]
fn a_field_of_a_field_is_behind_a_slash_where_that_is_asked_for() {
    let template = Template::new("{{ a/b.c }}", true).unwrap();
    assert_eq!(template.translated(), "{{  var(\"a\u{1f}b.c\")  }}");
}

#[test]
fn what_is_no_template_has_a_place() {
    let rows = [
        ("{{ a", 1, 1),
        ("ab\nc{{ a b }}", 2, 2),
        ("{% if a %}", 1, 1),
        ("ü{% while a %}", 1, 4),
        ("{{ a | upper }}", 1, 6),
        ("{{ \"a }}", 1, 1),
        ("{# a", 1, 1),
        ("{% for in a %}{% endfor %}", 1, 7),
        ("{% endif %}", 1, 1),
    ];
    for (text, line, column) in rows {
        let error = Template::new(text, false).unwrap_err();
        let TemplateError {
            line: l,
            column: c,
            message,
        } = &error;
        assert_eq!((*l, *c), (line, column), "{text}: {message}");
    }
}
