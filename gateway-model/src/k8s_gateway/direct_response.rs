//! DirectResponse.

use serde::{Deserialize, Serialize};

use super::{GATEWAY, kind};
use crate::Object;

/// An answer that a rule gives itself.
pub type DirectResponse = Object<DirectResponseSpec>;

kind!(
    DirectResponse,
    "DirectResponse",
    "directresponses",
    GATEWAY,
    "v1alpha1"
);

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectResponseSpec {
    /// The status, 200 to 599.
    pub status: u16,
    /// The body; at most 4096 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}
