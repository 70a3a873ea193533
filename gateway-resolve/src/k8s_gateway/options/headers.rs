//! Headers that are changed.

use gateway_model::HeaderName;
use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values;

use crate::ir::{AddedHeader, Format, HeaderChanges, HeaderManipulation};

/// Changes to the headers of requests and of responses.
pub(crate) fn header_manipulation(
    written: &values::HeaderManipulation,
) -> Result<HeaderManipulation, FieldError> {
    let values::HeaderManipulation {
        request_headers_to_add,
        request_headers_to_remove,
        response_headers_to_add,
        response_headers_to_remove,
    } = written;
    let request = request_headers_to_add.iter();
    if request
        .clone()
        .any(|added| added.header_secret_ref.is_some())
    {
        return Err(FieldError::new("headers of Secrets are not honoured here"));
    }
    let request = request.map(|added| (added.header.as_ref(), added.append));
    let response = response_headers_to_add.iter();
    let response = response.map(|added| (added.header.as_ref(), added.append));
    Ok(HeaderManipulation {
        request: changes(request, request_headers_to_remove, of_request)?,
        response: changes(response, response_headers_to_remove, of_response)?,
    })
}

/// Changes to the headers of requests before routes are looked at.
pub(super) fn early_changes(written: &values::EarlyHeaders) -> Result<HeaderChanges, FieldError> {
    let added = written.headers_to_add.iter();
    if added.clone().any(|added| added.header_secret_ref.is_some()) {
        return Err(FieldError::new("headers of Secrets are not honoured here"));
    }
    let added = added.map(|added| (added.header.as_ref(), added.append));
    changes(added, &written.headers_to_remove, of_request)
}

fn of_request(key: &str) -> Option<String> {
    let is_reserved = key.starts_with(':') || key.eq_ignore_ascii_case("host");
    is_reserved.then(|| {
        format!(": -prefixed or host headers may not be modified. Received '{key}' header")
    })
}

fn of_response(key: &str) -> Option<String> {
    match key.starts_with(':') {
        true => Some(format!(":-prefixed headers cannot be set: '{key}'")),
        false if key.eq_ignore_ascii_case("host") => {
            Some("cannot set Host header in response headers".to_owned())
        }
        false => None,
    }
}

fn changes<'a>(
    added: impl Iterator<Item = (Option<&'a values::HeaderPair>, Option<bool>)>,
    removed: &[String],
    refusal: impl Fn(&str) -> Option<String>,
) -> Result<HeaderChanges, FieldError> {
    let one = |(pair, append): (Option<&values::HeaderPair>, Option<bool>)| {
        let values::HeaderPair { key, value } = pair.cloned().unwrap_or_default();
        if let Some(message) = refusal(&key) {
            return Err(FieldError::new(message));
        }
        let name = HeaderName::new(&key).map_err(|error| FieldError::new(error.to_string()))?;
        let value = Format::new(&value).map_err(|error| FieldError::new(error.to_string()))?;
        Ok(AddedHeader {
            name,
            value,
            append: append.unwrap_or(true),
        })
    };
    Ok(HeaderChanges {
        add: added.map(one).collect::<Result<_, _>>()?,
        remove: removed
            .iter()
            .filter_map(|name| HeaderName::new(name).ok())
            .collect(),
    })
}
