//! Matches of rules, those of HTTPRoutes above all.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use gateway_model::{HeaderMatch, HttpMatch, HttpPathMatch, Invalid, QueryParamMatch, ValueMatch};

use crate::ir::{self, Match, PathMatch, unescape_unreserved};
use crate::problem::Problem;
use crate::reason::RouteAccepted;

use super::patterns::RoutePatterns;

/// The matches of a rule with their positions, and those that cannot be honoured.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    pub(crate) usable: Vec<(usize, Match)>,
    pub(crate) invalid: Vec<Problem<RouteAccepted>>,
}

/// A match, or the part of it that cannot be honoured.
pub(super) type Read = Result<Match, (String, Invalid)>;

/// Reads the matches of the rule at `rule` (as in `spec.rules[0]`), each by `read`; a rule without any takes every
/// request.
pub(super) fn matches<M>(
    written: &[M],
    rule: fmt::Arguments<'_>,
    mut read: impl FnMut(&M) -> Read,
) -> Matches {
    let mut outcome = Matches {
        usable: Vec::with_capacity(written.len().max(1)),
        ..Matches::default()
    };
    if written.is_empty() {
        outcome.usable.push((0, everything()));
    }
    for (index, written) in written.iter().enumerate() {
        match read(written) {
            Ok(usable) => outcome.usable.push((index, usable)),
            Err((part, error)) => outcome.invalid.push(Problem::new(
                RouteAccepted::UnsupportedValue,
                format!("{rule}.matches[{index}].{part}"),
                error.to_string(),
            )),
        }
    }
    outcome
}

/// What every request meets.
pub(super) fn everything() -> Match {
    Match {
        path: PathMatch::prefix("/"),
        method: None,
        headers: Vec::new(),
        query: Vec::new(),
    }
}

/// Reads a match of an HTTPRoute.
pub(super) fn http(written: &HttpMatch, patterns: &mut RoutePatterns<'_>) -> Read {
    let HttpMatch {
        path,
        headers,
        query_params,
        method,
    } = written;
    Ok(Match {
        path: path_match(path, patterns).map_err(|error| ("path.value".to_owned(), error))?,
        method: method.clone(),
        headers: header_matches(headers, patterns)?,
        query: query_matches(query_params, patterns)?,
    })
}

/// Paths are compared in the form that requests are brought into.
fn plain(path: &str) -> Cow<'_, str> {
    unescape_unreserved(path).map_or(Cow::Borrowed(path), Cow::Owned)
}

fn path_match(
    path: &HttpPathMatch,
    patterns: &mut RoutePatterns<'_>,
) -> Result<PathMatch, Invalid> {
    match path {
        HttpPathMatch::Exact(path) => Ok(PathMatch::Exact(plain(path).as_ref().into())),
        HttpPathMatch::PathPrefix(prefix) => Ok(PathMatch::prefix(&plain(prefix))),
        HttpPathMatch::RegularExpression(pattern) => patterns.get(pattern).map(PathMatch::Regex),
        other => Err(unknown(other)),
    }
}

/// Of repeated names, which differ in case only, the first counts.
pub(super) fn header_matches(
    headers: &[HeaderMatch],
    patterns: &mut RoutePatterns<'_>,
) -> Result<Vec<ir::HeaderMatch>, (String, Invalid)> {
    let mut seen = BTreeSet::new();
    let mut outcome = Vec::with_capacity(headers.len());
    for (index, HeaderMatch { name, value }) in headers.iter().enumerate() {
        if seen.insert(name.as_http().as_str()) {
            let value = value_match(value, patterns)
                .map_err(|error| (format!("headers[{index}].value"), error))?;
            outcome.push(ir::HeaderMatch {
                name: name.clone(),
                value,
            });
        }
    }
    Ok(outcome)
}

/// Of repeated names the first counts.
fn query_matches(
    params: &[QueryParamMatch],
    patterns: &mut RoutePatterns<'_>,
) -> Result<Vec<ir::QueryMatch>, (String, Invalid)> {
    let mut seen = BTreeSet::new();
    let mut outcome = Vec::with_capacity(params.len());
    for (index, QueryParamMatch { name, value }) in params.iter().enumerate() {
        if seen.insert(name.as_str()) {
            let value = value_match(value, patterns)
                .map_err(|error| (format!("queryParams[{index}].value"), error))?;
            outcome.push(ir::QueryMatch {
                name: name.as_str().into(),
                value,
            });
        }
    }
    Ok(outcome)
}

fn value_match(
    value: &ValueMatch,
    patterns: &mut RoutePatterns<'_>,
) -> Result<ir::ValueMatch, Invalid> {
    match value {
        ValueMatch::Exact(exact) => Ok(ir::ValueMatch::Exact(exact.as_str().into())),
        ValueMatch::RegularExpression(pattern) => patterns.get(pattern).map(ir::ValueMatch::Regex),
        other => Err(unknown(other)),
    }
}

fn unknown(found: &impl std::fmt::Debug) -> Invalid {
    Invalid::new("a type of match that is supported", format!("{found:?}"))
}

#[cfg(test)]
mod tests {
    use gateway_model::{HttpMatch, HttpPathMatch};

    use super::super::patterns::Patterns;
    use super::http;

    /// RFC 3986 section 6.2.2.2: the two forms are one path, and requests are brought into the plain one.
    #[test]
    fn unreserved_characters_in_the_paths_of_routes_are_written_plainly() {
        let path = |path| HttpMatch {
            path,
            method: None,
            headers: vec![],
            query_params: vec![],
        };
        let patterns = Patterns::default();
        let encoded = || "/%61dmin%2Fx".parse().unwrap();
        for written in [
            HttpPathMatch::Exact(encoded()),
            HttpPathMatch::PathPrefix(encoded()),
        ] {
            let mut patterns = patterns.of_route();
            let one = http(&path(written), &mut patterns).unwrap();
            assert!(one.path.matches("/admin%2Fx"), "{one:?}");
            assert!(!one.path.matches("/admin/x"), "{one:?}");
        }
    }
}
