//! What the passes have found out, for the readers that write the IR and the statuses.

use gateway_model::HttpRule;

use crate::gateway::ServedGateway;
use crate::gateway::classes::Classes;
use crate::gateway::conflicts::Conflicts;
use crate::gateway::listeners::ListenerFacts;
use crate::gateway::overlaps::Overlaps;
use crate::route::attach::Attachment;
use crate::route::rules::RouteRules;

/// Everything that one resolution knows. Built once, then only read.
pub(crate) struct Facts<'a> {
    pub(crate) classes: Classes<'a>,
    /// The Gateways that are served.
    pub(crate) gateways: Vec<ServedGateway<'a>>,
    /// Their listeners, by the position of the Gateway.
    pub(crate) listeners: Vec<Vec<ListenerFacts<'a>>>,
    pub(crate) conflicts: Conflicts,
    pub(crate) overlaps: Overlaps,
    /// The HTTPRoutes that matter here, each with what its rules come to.
    pub(crate) http_routes: Vec<(Attachment<'a, HttpRule>, RouteRules)>,
}
