//! Rewrites of the host and path (HTTPRoute `urlRewrite`).

use std::borrow::Cow;

use gateway_resolve::ir::{HostChange, PathChange, PathRewrite, Rewrite, RuleSettings};
use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::head::{Known, RequestHead};

/// A target that cannot be put on the wire: it is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rewritten target is too long")]
pub struct InvalidTarget;

/// What a replacement may hold but a path may not, beyond the characters outside ASCII.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Changes the `Host` header and the path of a request in canonical form (see
/// [`head`](crate::head)); the query stays. `prefix` is the prefix that the route matched.
///
/// # Errors
/// The new target is too long.
pub fn rewrite(
    change: &Rewrite,
    head: &mut RequestHead,
    prefix: Option<&str>,
) -> Result<(), InvalidTarget> {
    let Rewrite { hostname, path } = change;
    if let Some(hostname) = hostname {
        head.fields.set(Known::Host, hostname.as_http().as_bytes());
    }
    if let Some(path) = path {
        let mut target = rewritten_path(path, head.path(), prefix);
        if let Some(query) = head.query() {
            target.push('?');
            target.push_str(query);
        }
        if target.len() > MAX_TARGET {
            return Err(InvalidTarget);
        }
        head.set_target(&target);
    }
    Ok(())
}

/// Changes host and path as `settings` say, those that are not there left as they are. `prefix` is the prefix that the
/// route matched.
///
/// # Errors
/// The new target is too long.
pub(crate) fn change_target(
    settings: &RuleSettings,
    head: &mut RequestHead,
    prefix: Option<&str>,
) -> Result<(), InvalidTarget> {
    if let Some(change) = &settings.host_rewrite
        && let Some(host) = changed_host(&change.value, head)
    {
        head.fields.set(Known::Host, host.as_bytes());
    }
    if let Some(change) = &settings.path_rewrite {
        let path = changed_path(&change.value, head.path(), prefix);
        let path = PathRewrite::Full(path.into());
        let rewritten = Rewrite {
            hostname: None,
            path: Some(path),
        };
        rewrite(&rewritten, head, None)?;
    }
    Ok(())
}

/// What is no value of a header is left alone.
fn changed_host(change: &HostChange, head: &RequestHead) -> Option<HeaderValue> {
    match change {
        HostChange::To(host) => Some(host.as_http().clone()),
        HostChange::Header(name) => HeaderValue::from_bytes(head.fields.get(name.as_http())?).ok(),
        HostChange::Path(substitution) => {
            HeaderValue::try_from(substitution.apply(head.path())).ok()
        }
    }
}

fn changed_path(change: &PathChange, path: &str, prefix: Option<&str>) -> String {
    match change {
        PathChange::Matched(with) => {
            let rest = prefix.and_then(|prefix| path.strip_prefix(prefix));
            [with, rest.unwrap_or_default()].concat()
        }
        PathChange::Pattern(substitution) => substitution.apply(path),
    }
}

/// What the `http` crate takes, which backends are handed requests by.
const MAX_TARGET: usize = u16::MAX as usize - 1;

/// The path that `change` makes of `path`. A prefix is replaced segment-wise, whether it and the
/// replacement end in a slash or not; a path that does not have the prefix stays as it is.
pub fn rewritten_path(change: &PathRewrite, path: &str, prefix: Option<&str>) -> String {
    match change {
        PathRewrite::Full(full) => absolute(&encoded(full), ""),
        PathRewrite::Prefix(replacement) => {
            let prefix = prefix.unwrap_or("/").trim_end_matches('/');
            match path.strip_prefix(prefix) {
                Some(rest) => absolute(encoded(replacement).trim_end_matches('/'), rest),
                None => path.to_owned(),
            }
        }
    }
}

fn encoded(replacement: &str) -> Cow<'_, str> {
    utf8_percent_encode(replacement, NOT_IN_PATHS).into()
}

/// `start` and `rest` put together, with a slash in front.
fn absolute(start: &str, rest: &str) -> String {
    let leading = start.starts_with('/') || (start.is_empty() && rest.starts_with('/'));
    let slash = if leading { "" } else { "/" };
    [slash, start, rest].concat()
}

#[cfg(test)]
mod tests {
    use gateway_model::HeaderValue;
    use gateway_resolve::ir::{PathRewrite, Rewrite};
    use http::Request;

    use super::{InvalidTarget, RequestHead, rewrite, rewritten_path};

    /// The table of HTTPPathModifier `replacePrefixMatch`, and the root as prefix.
    #[test]
    fn a_prefix_is_replaced_segment_wise() {
        let rows = [
            ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
            ("/foo/bar", "/foo/", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/foo/", "/xyz/", "/xyz/bar"),
            ("/foo", "/foo", "/xyz", "/xyz"),
            ("/foo/", "/foo", "/xyz", "/xyz/"),
            ("/foo/bar", "/foo", "", "/bar"),
            ("/foo/", "/foo", "", "/"),
            ("/foo", "/foo", "", "/"),
            ("/foo/", "/foo", "/", "/"),
            ("/foo", "/foo", "/", "/"),
            ("/foo/bar", "/", "/xyz", "/xyz/foo/bar"),
            ("/", "/", "/xyz", "/xyz/"),
            ("/foo//bar/", "/foo", "xyz", "/xyz//bar/"),
        ];
        for (path, prefix, replacement, want) in rows {
            let change = PathRewrite::Prefix(replacement.into());
            let got = rewritten_path(&change, path, Some(prefix));
            assert_eq!(got, want, "{path} with {prefix} to {replacement:?}");
        }
    }

    #[test]
    fn a_full_path_is_replaced_as_a_whole() {
        let rows = [
            ("/new", "/new"),
            ("new", "/new"),
            ("", "/"),
            ("/a b?c#d", "/a%20b%3Fc%23d"),
            ("/a%20b", "/a%20b"),
            ("/ü", "/%C3%BC"),
        ];
        for (full, want) in rows {
            let change = PathRewrite::Full(full.into());
            assert_eq!(rewritten_path(&change, "/old/path", None), want, "{full:?}");
        }
    }

    fn rewritten(change: &Rewrite, target: &str) -> Result<(String, String), InvalidTarget> {
        let request = Request::builder().uri(target).header("host", "a.example");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut head = RequestHead::from(&parts);
        rewrite(change, &mut head, Some("/foo"))?;
        Ok((head.host().unwrap().to_owned(), head.target().to_owned()))
    }

    #[test]
    fn host_and_path_change_apart_and_the_query_stays() {
        let host = Some(HeaderValue::new("b.example").unwrap());
        let path = Some(PathRewrite::Prefix("/bar".into()));
        let rows = [
            (host.clone(), None, ("b.example", "/foo/1?q=/foo")),
            (None, path.clone(), ("a.example", "/bar/1?q=/foo")),
            (host, path, ("b.example", "/bar/1?q=/foo")),
        ];
        for (hostname, path, (host, target)) in rows {
            let change = Rewrite { hostname, path };
            let want = (host.to_owned(), target.to_owned());
            assert_eq!(rewritten(&change, "/foo/1?q=/foo"), Ok(want));
        }
    }

    #[test]
    fn a_target_that_grows_too_long_is_an_error() {
        let change = Rewrite {
            hostname: None,
            path: Some(PathRewrite::Prefix("/long".repeat(200).into())),
        };
        let target = format!("/foo/{}", "x".repeat(65_000));
        assert_eq!(rewritten(&change, &target), Err(InvalidTarget));
    }
}
