//! Headers that are changed.

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values;
use gateway_model::{HeaderName, Kind, ObjectRef, Secret, SecretBytes};

use crate::reader::Reader;

use crate::ir::{AddedHeader, Format, HeaderChanges, HeaderManipulation};

/// Changes to the headers of requests and of responses.
pub(crate) fn header_manipulation(
    written: &values::HeaderManipulation,
    reader: &Reader<'_>,
) -> Result<HeaderManipulation, FieldError> {
    let values::HeaderManipulation {
        request_headers_to_add,
        request_headers_to_remove,
        response_headers_to_add,
        response_headers_to_remove,
    } = written;
    let request = with_secrets(request_headers_to_add, reader)?;
    let request = request
        .iter()
        .map(|(header, append)| (Some(header), *append));
    let response = response_headers_to_add.iter();
    let response = response.map(|added| (added.header.as_ref(), added.append));
    Ok(HeaderManipulation {
        request: changes(request, request_headers_to_remove, of_request)?,
        response: changes(response, response_headers_to_remove, of_response)?,
    })
}

/// Changes to the headers of requests before routes are looked at.
pub(super) fn early_changes(
    written: &values::EarlyHeaders,
    reader: &Reader<'_>,
) -> Result<HeaderChanges, FieldError> {
    let added = with_secrets(&written.headers_to_add, reader)?;
    let added = added.iter().map(|(header, append)| (Some(header), *append));
    changes(added, &written.headers_to_remove, of_request)
}

/// Headers that are added, those that Secrets have in the place of their names.
fn with_secrets(
    written: &[values::RequestHeader],
    reader: &Reader<'_>,
) -> Result<Vec<(values::HeaderPair, Option<bool>)>, FieldError> {
    let mut all = Vec::new();
    for added in written {
        let secret = added.header_secret_ref.as_ref();
        let of_secret = secret.map(|secret| of_secret(secret, reader));
        let headers = match of_secret {
            Some(headers) => headers.map_err(|error| error.within("headerSecretRef"))?,
            None => vec![added.header.clone().unwrap_or_default()],
        };
        all.extend(headers.into_iter().map(|header| (header, added.append)));
    }
    Ok(all)
}

/// The types of Secrets whose entries are headers.
const SECRET_TYPES: [&str; 2] = ["Opaque", "gloo.solo.io/header"];

/// The headers that a Secret has; operators in their values are none.
fn of_secret(
    named: &values::ResourceRef,
    reader: &Reader<'_>,
) -> Result<Vec<values::HeaderPair>, FieldError> {
    let (namespace, name) = (named.namespace.as_str(), named.name.as_str());
    let object = ObjectRef::new(Secret::GROUP, Secret::KIND, namespace, name);
    let found = reader.secret(&object);
    let found = found.filter(|secret| SECRET_TYPES.contains(&secret.type_.as_str()));
    let missing = || FieldError::new(format!("list did not find secret {namespace}.{name}"));
    let secret = found.ok_or_else(missing)?;
    let header = |(key, value): (&String, &SecretBytes)| {
        let text = str::from_utf8(value.as_bytes()).map(|text| text.replace('%', "%%"));
        let message = format!("expected a text under {key}");
        let value = text.map_err(|_| FieldError::new(message))?;
        Ok(values::HeaderPair {
            key: key.clone(),
            value,
        })
    };
    secret.data.iter().map(header).collect()
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
