//! Changes to headers whose values are made for each request.

use gateway_resolve::ir::{AddedHeader, HeaderManipulation};
use http::HeaderValue;

use super::is_editable;
use crate::format::{Begun, Subject, begin, of_request};
use crate::head::{Fields, ResponseHead};

/// A header that a response gets, as far as its value is known when the request is sent on.
#[derive(Debug)]
pub(crate) struct Given {
    /// Of which manipulation it is.
    of: usize,
    /// Which of its headers.
    at: usize,
    value: Begun,
}

/// The values of the headers that a request gets, one after the other.
pub(crate) fn request_headers(
    manipulations: &[HeaderManipulation],
    subject: Subject<'_>,
) -> Vec<String> {
    let added = manipulations.iter().flat_map(|one| &one.request.add);
    added
        .map(|header| of_request(&header.value, subject))
        .collect()
}

/// Changes the headers of a request; `values` are those that [`request_headers`] made.
pub(crate) fn edit_request(
    manipulations: &[HeaderManipulation],
    values: &[String],
    fields: &mut Fields,
) {
    let mut values = values.iter();
    for one in manipulations {
        for name in &one.request.remove {
            remove(name, fields);
        }
        for (header, value) in one.request.add.iter().zip(&mut values) {
            add(header, value, fields);
        }
    }
}

/// The headers that the response will get, as far as they are known before there is one.
pub(crate) fn begin_response(
    manipulations: &[HeaderManipulation],
    subject: Subject<'_>,
) -> Vec<Given> {
    let added = |(of, one): (usize, &HeaderManipulation)| {
        let headers = one.response.add.iter().enumerate();
        let given = headers.map(|(at, header)| Given {
            of,
            at,
            value: begin(&header.value, subject),
        });
        given.collect::<Vec<_>>()
    };
    manipulations.iter().enumerate().flat_map(added).collect()
}

/// Changes the headers of a response.
pub(crate) fn edit_response(
    manipulations: &[HeaderManipulation],
    given: &[Given],
    head: &mut ResponseHead,
) {
    let values: Vec<_> = given.iter().map(|given| given.value.finish(head)).collect();
    for (of, one) in manipulations.iter().enumerate() {
        for name in &one.response.remove {
            remove(name, &mut head.fields);
        }
        let of_this = given
            .iter()
            .zip(&values)
            .filter(|(given, _)| given.of == of);
        for (given, value) in of_this {
            add(&one.response.add[given.at], value, &mut head.fields);
        }
    }
}

/// Removes a header, if it is one that may be edited.
pub(crate) fn remove(name: &gateway_model::HeaderName, fields: &mut Fields) {
    if is_editable(name.as_http()) {
        fields.remove(name.as_http());
    }
}

/// An empty value is none.
fn add(header: &AddedHeader, value: &str, fields: &mut Fields) {
    let name = header.name.as_http();
    let Ok(value) = HeaderValue::from_str(value) else {
        return;
    };
    if value.is_empty() || !is_editable(name) {
        return;
    }
    match header.append {
        true => fields.append(name, value.as_bytes()),
        false => fields.insert(name, &value),
    }
}
