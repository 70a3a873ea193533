//! Matchers of requests and of responses.

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, PathSpecifier};
use gateway_model::{HeaderName, Method};

use crate::ir::{
    FieldMatch, FieldTest, HeaderMatch, Match, PathMatch, Pattern, QueryMatch, TextMatch,
    TextMatchKind, ValueMatch,
};

use super::invalid;

/// The matches of a matcher: one a method.
pub(super) fn matches(written: &values::RouteMatcher) -> Result<Vec<Match>, FieldError> {
    let header = |written: &values::HeaderMatcher| {
        Ok(HeaderMatch {
            name: HeaderName::new(&written.name).map_err(invalid)?,
            value: value(&written.value, written.regex)?,
        })
    };
    let query = |written: &values::QueryParameterMatcher| {
        Ok(QueryMatch {
            name: written.name.as_str().into(),
            value: value(&written.value, written.regex)?,
        })
    };
    let headers = written.headers.iter().filter(|header| !header.invert_match);
    let parameters = written.query_parameters.iter();
    let any = Match {
        path: path(written)?,
        method: None,
        headers: headers
            .map(header)
            .collect::<Result<_, FieldError>>()
            .map_err(|error| error.within("headers"))?,
        query: parameters
            .map(query)
            .collect::<Result<_, FieldError>>()
            .map_err(|error| error.within("queryParameters"))?,
    };
    if written.methods.is_empty() {
        return Ok(vec![any]);
    }
    let of_method = |method: &String| {
        let method = Method::new(method).map_err(invalid);
        Ok(Match {
            method: Some(method.map_err(|error| error.within("methods"))?),
            ..any.clone()
        })
    };
    written.methods.iter().map(of_method).collect()
}

/// Prefixes are of the text, rather than of segments.
fn path(written: &values::RouteMatcher) -> Result<PathMatch, FieldError> {
    let case = if written.case_sensitive { "" } else { "(?i)" };
    let pattern = |pattern: String, name: &str| {
        let pattern = Pattern::new(&pattern).map_err(invalid);
        let pattern = pattern.map_err(|error| error.within(name))?;
        Ok(PathMatch::Regex(pattern))
    };
    match &written.path {
        PathSpecifier::Any => Ok(PathMatch::prefix("/")),
        PathSpecifier::Prefix(prefix) if matches!(prefix.as_str(), "" | "/") => {
            Ok(PathMatch::prefix("/"))
        }
        PathSpecifier::Prefix(prefix) => {
            pattern(format!("{case}{}.*", regex::escape(prefix)), "prefix")
        }
        PathSpecifier::Exact(exact) if written.case_sensitive => {
            Ok(PathMatch::Exact(exact.as_str().into()))
        }
        PathSpecifier::Exact(exact) => pattern(format!("{case}{}", regex::escape(exact)), "exact"),
        PathSpecifier::Regex(regex) => pattern(format!("{case}{regex}"), "regex"),
        _ => Err(FieldError::new("is not honoured here").within("connectMatcher")),
    }
}

/// The headers that must not be as it is written. The others are among the [`matches`].
pub(super) fn inverted(headers: &[values::HeaderMatcher]) -> Result<Vec<FieldMatch>, FieldError> {
    let inverted = headers.iter().filter(|header| header.invert_match);
    let all: Result<_, _> = inverted.map(field_match).collect();
    all.map_err(|error: FieldError| error.within("headers"))
}

/// What a header is held against.
pub(super) fn field_match(written: &values::HeaderMatcher) -> Result<FieldMatch, FieldError> {
    let text = |kind| {
        FieldTest::Text(TextMatch {
            kind,
            ignores_case: false,
        })
    };
    let test = match (written.value.as_str(), written.regex) {
        ("", _) => FieldTest::Present,
        (exact, false) => text(TextMatchKind::Exact(exact.into())),
        (regex, true) => text(TextMatchKind::Pattern(
            Pattern::new(regex).map_err(invalid)?,
        )),
    };
    Ok(FieldMatch {
        name: written.name.to_ascii_lowercase().into(),
        test,
        inverted: written.invert_match,
    })
}

/// A value that is empty stands for any.
fn value(written: &str, is_regex: bool) -> Result<ValueMatch, FieldError> {
    match (written, is_regex) {
        ("", _) => Pattern::new("(?s).*").map(ValueMatch::Regex),
        (regex, true) => Pattern::new(regex).map(ValueMatch::Regex),
        (exact, false) => Ok(ValueMatch::Exact(exact.into())),
    }
    .map_err(invalid)
}
