//! gRPC for browsers.

use serde::{Deserialize, Serialize};

/// Requests of gRPC-Web reach backends as gRPC, and are answered as they were asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcWeb {}
