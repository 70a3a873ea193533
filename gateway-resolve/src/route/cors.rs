//! The CORS filter (GEP-1767).

use std::num::NonZeroU32;

use gateway_model::{Cors, HeaderName, Invalid, Method};

use crate::ir::{self, OriginPattern};

/// Reads a CORS filter; the error is a message.
pub(crate) fn cors(written: &Cors) -> Result<ir::Cors, String> {
    let Cors {
        allow_origins,
        allow_credentials,
        allow_methods,
        allow_headers,
        expose_headers,
        max_age,
    } = written;
    Ok(ir::Cors {
        allow_origins: allow_origins
            .iter()
            .map(|o| origin(o))
            .collect::<Result<_, _>>()?,
        allow_credentials: allow_credentials.unwrap_or(false),
        allow_methods: or_any("allowMethods", allow_methods, Method::new)?,
        allow_headers: or_any("allowHeaders", allow_headers, HeaderName::new)?,
        expose_headers: or_any("exposeHeaders", expose_headers, HeaderName::new)?,
        max_age: NonZeroU32::new(*max_age)
            .ok_or_else(|| "maxAge: expected at least 1, found 0".to_owned())?,
    })
}

/// `None` for `*`.
fn or_any<T>(
    field: &str,
    values: &[String],
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<Vec<Option<T>>, String> {
    let one = |value: &String| match value.as_str() {
        "*" => Ok(None),
        value => parse(value)
            .map(Some)
            .map_err(|error| format!("{field}: {error}")),
    };
    values.iter().map(one).collect()
}

/// An origin in lower case, without the port that its scheme implies.
fn origin(written: &str) -> Result<OriginPattern, String> {
    let invalid = || {
        format!(
            "allowOrigins: expected \"*\" or an origin such as \"https://*.example.com\", found {written:?}"
        )
    };
    let lower = written.to_ascii_lowercase();
    if lower == "*" {
        return Ok(OriginPattern::Any);
    }
    let (scheme, authority) = lower.split_once("://").ok_or_else(invalid)?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let authority = authority.strip_suffix(default_port).unwrap_or(authority);
    if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
        return Err(invalid());
    }
    match authority.strip_prefix('*') {
        Some(suffix) if suffix.contains('*') => Err(invalid()),
        Some(suffix) => Ok(OriginPattern::Wildcard {
            scheme: scheme.into(),
            suffix: suffix.into(),
        }),
        None if authority.contains('*') => Err(invalid()),
        None => Ok(OriginPattern::Exact(
            format!("{scheme}://{authority}").into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{OriginPattern, origin};

    #[test]
    fn origins_compare_in_lower_case_and_without_default_ports() {
        let rows = [
            ("https://WWW.foo.com", "https://www.foo.com", true),
            ("https://www.foo.com:443", "https://www.foo.com", true),
            ("http://www.foo.com:443", "http://www.foo.com", false),
            ("https://www.foo.com", "https://www.foo.com:443", true),
            ("http://www.foo.com", "http://www.foo.com:443", false),
            ("https://*.bar.com", "https://a.bar.com:443", true),
            ("http://*", "http://a.bar.com:80", true),
            ("http://*", "http://a.bar.com:8080", false),
            ("https://*.bar.com", "https://a.b.bar.com", true),
            ("https://*.bar.com", "https://bar.com", false),
            ("https://*.bar.com", "http://a.bar.com", false),
            ("https://*.bar.com:8443", "https://a.bar.com:8443", true),
            ("https://*.bar.com:8443", "https://a.bar.com", false),
            ("*", "https://anything", true),
        ];
        for (pattern, found, want) in rows {
            assert_eq!(
                origin(pattern).unwrap().matches(found),
                want,
                "{pattern} with {found}"
            );
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in [
            "",
            "foo.com",
            "https://",
            "https://a.*.com",
            "https://*.*.com",
            "https://a/b",
        ] {
            assert!(origin(bad).is_err(), "{bad:?}");
        }
        assert_eq!(origin("*"), Ok(OriginPattern::Any));
    }
}
