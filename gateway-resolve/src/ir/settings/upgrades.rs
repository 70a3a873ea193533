//! Protocols that requests may change to.

use serde::{Deserialize, Serialize};

/// Which protocols requests may change to; they may to those that nothing is said of. Others are answered with 403.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrades {
    /// May they to WebSocket?
    pub websocket: bool,
}
