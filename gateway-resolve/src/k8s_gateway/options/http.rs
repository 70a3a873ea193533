//! Compression.

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, GzipLevel};

use crate::ir::Compression;

/// Envoy compresses nothing that is shorter.
const LEAST_LENGTH: u32 = 30;

/// What Envoy compresses where nothing is said.
const TYPES: [&str; 8] = [
    "application/javascript",
    "application/json",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/plain",
    "text/xml",
];

/// Compression of responses.
pub(crate) fn gzip(written: &values::Gzip) -> Result<Compression, FieldError> {
    let length = written.content_length.unwrap_or(LEAST_LENGTH);
    if length < LEAST_LENGTH {
        let message = format!("contentLength: expected at least {LEAST_LENGTH}, found {length}");
        return Err(FieldError::new(message));
    }
    let types = written.content_type.iter().map(String::as_str);
    let types: Vec<Box<str>> = types.map(Into::into).collect();
    Ok(Compression {
        level: match written.compression_level {
            GzipLevel::Best => 9,
            GzipLevel::Speed => 1,
            _ => 6,
        },
        min_length: length.into(),
        types: match types.is_empty() {
            true => TYPES.map(Into::into).to_vec(),
            false => types,
        },
        respects_etag: written.disable_on_etag_header,
        hides_from_backend: written.remove_accept_encoding_header,
    })
}
