use http::HeaderMap;

use super::{Fields, Known, Span};

fn fields(lines: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in lines {
        fields.append(*name, value.as_bytes());
    }
    fields
}

fn written(fields: &Fields) -> String {
    let mut out = Vec::new();
    fields.write(|piece| out.extend_from_slice(piece));
    assert_eq!(fields.written_len(), out.len());
    String::from_utf8(out).unwrap()
}

#[test]
fn values_are_found_in_order_whatever_the_case() {
    let fields = fields(&[("host", "a"), ("x-a", "1"), ("X-A", "2")]);
    assert_eq!(fields.get("X-a"), Some(&b"1"[..]));
    assert_eq!(fields.get_all("x-A").collect::<Vec<_>>(), [b"1", b"2"]);
    assert_eq!(fields.text(Known::Host), Some("a"));
    assert!(fields.contains("x-a") && !fields.contains("x-b"));
    assert!(!fields.contains(Known::Te));
}

#[test]
fn setting_replaces_in_place_and_removing_forgets() {
    let mut fields = fields(&[("x-a", "1"), ("host", "a"), ("x-a", "2"), ("te", "x")]);
    fields.set("x-a", b"3");
    fields.set("x-new", b"4");
    fields.remove(Known::Te);
    assert!(!fields.contains(Known::Te));
    assert_eq!(written(&fields), "x-a: 3\r\nhost: a\r\nx-new: 4\r\n");
    fields.copy(Known::Host, Known::XForwardedHost);
    fields.copy(Known::Via, Known::Host);
    assert_eq!(
        written(&fields),
        "x-a: 3\r\nx-new: 4\r\nx-forwarded-host: a\r\n"
    );
}

#[test]
fn joining_makes_one_line_of_all() {
    let mut fields = fields(&[("via", "1"), ("x", "y"), ("via", "2")]);
    fields.join(Known::Via, b", ", b"3");
    fields.join("x-b", b",", b"z");
    assert_eq!(written(&fields), "via: 1, 2, 3\r\nx: y\r\nx-b: z\r\n");
}

#[test]
fn lines_that_are_as_they_should_be_are_written_as_they_are() {
    let text = b"Host: a\r\nx:1\r\ny: 2\r\nz:  3\r\n";
    let mut fields = Fields::new();
    fields.take_text(text);
    let spans = [
        (0, 4, 6, 7),
        (9, 10, 11, 12),
        (14, 15, 17, 18),
        (20, 21, 24, 25),
    ];
    for (name, name_end, value, value_end) in spans {
        fields.add_spans(Span::new(name, name_end), Span::new(value, value_end));
    }
    assert_eq!(written(&fields), "Host: a\r\nx: 1\r\ny: 2\r\nz: 3\r\n");
    fields.remove("x");
    fields.append("v", b"4");
    assert_eq!(written(&fields), "Host: a\r\ny: 2\r\nz: 3\r\nv: 4\r\n");
}

#[test]
fn a_map_keeps_names_values_and_their_order() {
    let fields = fields(&[("Host", "a"), ("x-a", "1"), ("x-a", "2")]);
    let map = HeaderMap::from(&fields);
    assert_eq!(map.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(
        written(&Fields::from(&map)),
        "host: a\r\nx-a: 1\r\nx-a: 2\r\n"
    );
}
