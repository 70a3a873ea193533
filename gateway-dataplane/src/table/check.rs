//! The conditions of a match, one after the other.

use std::borrow::Cow;
use std::str;

use gateway_model::HeaderName;
use gateway_resolve::ir::{HeaderMatch, Match, QueryMatch};
use percent_encoding::percent_decode_str;

use super::{Head, HeaderFields};

/// The first condition of a match that a request does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch<'a> {
    /// The path.
    Path,
    /// The method.
    Method,
    /// This header.
    Header(&'a HeaderName),
    /// This query parameter.
    Query(&'a str),
}

/// Does the request meet all conditions?
pub(super) fn check<'a>(conditions: &'a Match, head: &Head<'_>) -> Result<(), Mismatch<'a>> {
    match conditions.path.matches(head.path) {
        true => check_beyond_path(conditions, head),
        false => Err(Mismatch::Path),
    }
}

/// Does a request with this head meet all conditions?
#[cfg(feature = "templates")]
pub(crate) fn takes(conditions: &Match, head: &crate::head::RequestHead) -> bool {
    check(conditions, &Head::unnormalized(head)).is_ok()
}

/// Does the request meet the conditions other than the path?
pub(super) fn check_beyond_path<'a>(
    conditions: &'a Match,
    head: &Head<'_>,
) -> Result<(), Mismatch<'a>> {
    let Match {
        path: _,
        method,
        headers,
        query,
    } = conditions;
    if method.as_ref().is_some_and(|m| m.as_http() != head.method) {
        return Err(Mismatch::Method);
    }
    if let Some(header) = headers.iter().find(|h| !has_header(h, head.headers)) {
        return Err(Mismatch::Header(&header.name));
    }
    match query.iter().find(|q| !has_parameter(q, head.query)) {
        Some(parameter) => Err(Mismatch::Query(&parameter.name)),
        None => Ok(()),
    }
}

/// Does a request by `method`, that a preflight request asks about, meet what is known of it: the query, and the
/// method? Its headers are not.
pub(super) fn may_meet(conditions: &Match, method: Option<&str>, query: Option<&str>) -> bool {
    let wanted = conditions.method.as_ref().zip(method);
    wanted.is_none_or(|(wanted, method)| wanted.as_http().as_str() == method)
        && conditions.query.iter().all(|q| has_parameter(q, query))
}

fn has_header(condition: &HeaderMatch, headers: &dyn HeaderFields) -> bool {
    let value = header_value(&condition.name, headers);
    value.is_some_and(|value| condition.value.matches(&value))
}

/// The value of a header as conditions see it. Values of a repeated header are joined with a comma.
pub(super) fn header_value<'h>(
    name: &HeaderName,
    headers: &'h dyn HeaderFields,
) -> Option<Cow<'h, str>> {
    let mut found: Option<Cow<'h, [u8]>> = None;
    headers.each(name.as_http(), &mut |value| match &mut found {
        None => found = Some(Cow::Borrowed(value)),
        Some(joined) => {
            let joined = joined.to_mut();
            joined.push(b',');
            joined.extend_from_slice(value);
        }
    });
    match found? {
        Cow::Borrowed(value) => str::from_utf8(value).ok().map(Cow::Borrowed),
        Cow::Owned(value) => String::from_utf8(value).ok().map(Cow::Owned),
    }
}

fn has_parameter(condition: &QueryMatch, query: Option<&str>) -> bool {
    let value = parameter_value(&condition.name, query);
    value.is_some_and(|value| condition.value.matches(&value))
}

/// The value of a parameter. The first of the name counts; one without `=` has an empty value.
pub(super) fn parameter_value<'q>(name: &str, query: Option<&'q str>) -> Option<Cow<'q, str>> {
    let mut parameters = query.unwrap_or_default().split('&').map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (percent_decode_str(name), value)
    });
    let (_, value) = parameters.find(|(found, _)| found.clone().eq(name.bytes()))?;
    percent_decode_str(value).decode_utf8().ok()
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
