//! What becomes of the HTTP of a listener.

use serde::Deserialize;

use crate::k8s_gateway::proto::numbered;

/// Compression of responses by gzip.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Gzip {
    /// How much is done for it.
    pub compression_level: GzipLevel,
    /// The length from which responses are compressed; 30 bytes, when it is not given.
    pub content_length: Option<u32>,
    /// The types of content that are; text and scripts, when none is given.
    pub content_type: Vec<String>,
    /// Are responses with an `ETag` left alone?
    pub disable_on_etag_header: bool,
    /// Do backends get no `Accept-Encoding`?
    pub remove_accept_encoding_header: bool,
}

numbered! {
    /// How much is done for compression.
    GzipLevel {
        /// Something between the others.
        Default = 0 "DEFAULT",
        /// As much as there is.
        Best = 1 "BEST",
        /// As little as there is.
        Speed = 2 "SPEED",
    }
}

/// gRPC for browsers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct GrpcWeb {
    /// Is it not spoken?
    pub disable: bool,
}
