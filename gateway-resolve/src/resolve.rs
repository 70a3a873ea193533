//! The passes, in order.

use gateway_model::Timestamp;

use crate::emit::emit;
use crate::facts::Facts;
use crate::gateway::certificates::certificates;
use crate::gateway::claims::claims;
use crate::gateway::classes::classes;
use crate::gateway::conflicts::conflicts;
use crate::gateway::gateways;
use crate::gateway::listeners::listeners;
use crate::gateway::overlaps::overlaps;
use crate::grants::{Grants, grants};
use crate::ir::Ir;
use crate::route::attach::{Attachment, Parents, attach};
use crate::route::patterns::Patterns;
use crate::route::references::References;
use crate::route::rules::{RouteRules, rules};
use crate::status::report::report;
use crate::{Config, Snapshot, Statuses};

/// What a snapshot comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolution {
    /// What the data plane is to serve.
    pub ir: Ir,
    /// What to tell the authors of the resources.
    pub statuses: Statuses,
}

/// Resolves `snapshot`: what to serve, and what to say of each resource.
///
/// `now` becomes the time of conditions that change. Conditions whose status is stored in the
/// resources already keep their time, so that resolving again changes nothing.
///
/// `Programmed` says what is to be served, not what is: [`reconcile`](crate::reconcile) asks the data
/// plane.
pub fn resolve(snapshot: &Snapshot, config: &Config, now: Timestamp) -> Resolution {
    let grants = grants(snapshot);
    let classes = classes(snapshot, config);
    let gateways = gateways(snapshot, &classes, config, &grants);
    let certificates = certificates(snapshot, &gateways, &grants);
    let listeners = listeners(&gateways, &certificates, &grants);
    let listeners = claims(&gateways, listeners, &config.listener_claims);
    let conflicts = conflicts(&gateways, &listeners, config.default_is_shared);
    let overlaps = overlaps(&listeners);
    let http_routes = attach(
        snapshot.http_routes(),
        &Parents::new(snapshot, &gateways, &listeners),
    );
    let patterns = Patterns::default();
    let http_routes = http_routes
        .into_iter()
        .map(|attachment| with_rules(attachment, snapshot, &grants, &patterns))
        .collect();
    let facts = Facts {
        classes,
        gateways,
        listeners,
        conflicts,
        overlaps,
        http_routes,
    };
    Resolution {
        ir: emit(snapshot, &facts),
        statuses: report(&facts, config, now),
    }
}

/// A route beside what its rules come to; nothing when no parent of it is served here.
fn with_rules<'a>(
    attachment: Attachment<'a, gateway_model::HttpRule>,
    snapshot: &Snapshot,
    grants: &Grants<'_>,
    patterns: &Patterns,
) -> (Attachment<'a, gateway_model::HttpRule>, RouteRules) {
    let references = References {
        snapshot,
        grants,
        from: &attachment.reference,
    };
    let rules = match attachment.parents.is_empty() {
        true => RouteRules::default(),
        false => rules(attachment.route, &references, patterns),
    };
    (attachment, rules)
}
