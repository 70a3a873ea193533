//! Compression of responses.

use serde::{Deserialize, Serialize};

/// Responses are compressed by gzip for clients that accept it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compression {
    /// How much is done for it: 1 (fast) to 9 (small).
    pub level: u8,
    /// Bytes from which a response is compressed whose length is known.
    pub min_length: u64,
    /// The types of content that are compressed, without parameters.
    pub types: Vec<Box<str>>,
    /// Are responses with an `ETag` left alone? If not, a strong one is removed: it is that of other bytes.
    pub respects_etag: bool,
    /// Does the backend get no `Accept-Encoding`, so that it compresses nothing itself?
    pub hides_from_backend: bool,
}
