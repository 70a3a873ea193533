//! What the passes have found out, for the readers that write the IR and the statuses.

use std::sync::Arc;

use crate::gateway::ParentFacts;
use crate::gateway::classes::Classes;
use crate::route::RouteFacts;

/// Everything that one resolution knows. Built once, then only read.
pub(crate) struct Facts<'a> {
    pub(crate) classes: Classes<'a>,
    /// The Gateways that are served, and all that have listeners there.
    pub(crate) parents: Vec<Arc<ParentFacts>>,
    /// The routes that matter here, of all kinds.
    pub(crate) routes: Vec<RouteFacts>,
}
