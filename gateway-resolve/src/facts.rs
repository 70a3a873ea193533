//! What the passes have found out, for the readers that write the IR and the statuses.

use std::sync::Arc;

use crate::gateway::GatewayFacts;
use crate::gateway::classes::Classes;
use crate::route::RouteFacts;

/// Everything that one resolution knows. Built once, then only read.
pub(crate) struct Facts<'a> {
    pub(crate) classes: Classes<'a>,
    /// The Gateways that are served.
    pub(crate) gateways: Vec<Arc<GatewayFacts>>,
    /// The routes that matter here, of all kinds.
    pub(crate) routes: Vec<RouteFacts>,
}
