//! Header edits (HTTPRoute `requestHeaderModifier`, `responseHeaderModifier`).

use gateway_resolve::ir::HeaderEdits;
use http::header::{self, HeaderName, HeaderValue};

use crate::head::Fields;

/// Applies `edits`: first `set`, then `add`, then `remove`.
///
/// `add` joins the values that are there and the new one into a single line, `old,new`; only
/// `Set-Cookie`, whose values cannot be joined (RFC 9110 section 5.3), gets a line of its own.
/// Headers that frame the message or belong to one connection are the gateway's own and left alone, as is
/// `CDN-Loop`, which no customer of a gateway may change (RFC 8586 section 2).
pub fn edit_headers(edits: &HeaderEdits, fields: &mut Fields) {
    let HeaderEdits { set, add, remove } = edits;
    for (name, value) in set {
        if is_editable(name.as_http()) {
            fields.insert(name.as_http(), value.as_http());
        }
    }
    for (name, value) in add {
        if is_editable(name.as_http()) {
            append(fields, name.as_http(), value.as_http());
        }
    }
    for name in remove {
        if is_editable(name.as_http()) {
            fields.remove(name.as_http());
        }
    }
}

fn append(fields: &mut Fields, name: &HeaderName, value: &HeaderValue) {
    match *name == header::SET_COOKIE {
        true => fields.append(name, value.as_bytes()),
        false => fields.join(name, b",", value.as_bytes()),
    }
}

/// Is the header one that a filter may touch?
pub(crate) fn is_editable(name: &HeaderName) -> bool {
    const RESERVED: [&str; 9] = [
        "cdn-loop",
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    !RESERVED.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use gateway_model::{HeaderName, HeaderValue};
    use gateway_resolve::ir::HeaderEdits;
    use http::HeaderMap;

    use super::{Fields, edit_headers};

    fn pair(name: &str, value: &str) -> (HeaderName, HeaderValue) {
        let name = HeaderName::new(name).unwrap();
        (name, HeaderValue::new(value).unwrap())
    }

    /// The headers after `edits`, as `name: value` lines in order.
    fn edited(edits: &HeaderEdits, before: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in before {
            headers.append(*name, value.parse().unwrap());
        }
        let mut fields = Fields::from(&headers);
        edit_headers(edits, &mut fields);
        let headers = HeaderMap::from(&fields);
        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        let mut lines = headers.iter().map(line).collect::<Vec<_>>();
        lines.sort();
        lines
    }

    #[test]
    fn set_replaces_every_value_whatever_the_case_of_the_name() {
        let edits = HeaderEdits {
            set: vec![pair("X-Color", "blue")],
            ..HeaderEdits::default()
        };
        assert_eq!(edited(&edits, &[]), ["x-color: blue"]);
        let before = [("x-color", "red"), ("x-color", "green"), ("x-size", "1")];
        assert_eq!(edited(&edits, &before), ["x-color: blue", "x-size: 1"]);
    }

    #[test]
    fn add_joins_old_and_new_into_one_line() {
        let edits = HeaderEdits {
            add: vec![pair("X-Color", "blue")],
            ..HeaderEdits::default()
        };
        assert_eq!(edited(&edits, &[]), ["x-color: blue"]);
        assert_eq!(edited(&edits, &[("x-color", "red")]), ["x-color: red,blue"]);
        let before = [("x-color", "red"), ("x-color", "green")];
        assert_eq!(edited(&edits, &before), ["x-color: red,green,blue"]);
    }

    #[test]
    fn added_cookies_keep_lines_of_their_own() {
        let edits = HeaderEdits {
            add: vec![pair("Set-Cookie", "b=2")],
            ..HeaderEdits::default()
        };
        let after = edited(&edits, &[("set-cookie", "a=1")]);
        assert_eq!(after, ["set-cookie: a=1", "set-cookie: b=2"]);
    }

    #[test]
    fn set_goes_before_add_before_remove() {
        let edits = HeaderEdits {
            set: vec![pair("X-A", "set")],
            add: vec![pair("X-A", "add"), pair("X-B", "add")],
            remove: vec![HeaderName::new("x-b").unwrap()],
        };
        let before = [("x-a", "old"), ("x-b", "old")];
        assert_eq!(edited(&edits, &before), ["x-a: set,add"]);
    }

    #[test]
    fn framing_headers_are_left_alone() {
        let framing = ["Content-Length", "Transfer-Encoding", "Connection", "TE"];
        let edits = HeaderEdits {
            set: framing.map(|name| pair(name, "1")).into(),
            add: vec![pair("Upgrade", "h2c")],
            remove: vec![HeaderName::new("Trailer").unwrap()],
        };
        let before = [("content-length", "5"), ("trailer", "x-sum")];
        assert_eq!(
            edited(&edits, &before),
            ["content-length: 5", "trailer: x-sum"]
        );
    }
}
