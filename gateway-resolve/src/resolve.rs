//! The passes, in order.

use gateway_model::Timestamp;

use crate::emit::emit;
use crate::facts::Facts;
use crate::gateway::classes::classes;
use crate::gateway::parents;
use crate::grants::grants;
use crate::ir::Ir;
use crate::reader::Reader;
use crate::route::parents::Parents;
use crate::route::patterns::Patterns;
use crate::route::rivals::settle;
use crate::route::routes;
use crate::status::report::report;
use crate::status::unserved::Unserved;
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
    let served = |ir| (ir, Unserved::default());
    let (ir, statuses) = resolve_serving(snapshot, config, now, served);
    Resolution { ir, statuses }
}

/// The same, where `serve` answers which listeners are not served, before anything is said.
pub(crate) fn resolve_serving<T>(
    snapshot: &Snapshot,
    config: &Config,
    now: Timestamp,
    serve: impl FnOnce(Ir) -> (T, Unserved),
) -> (T, Statuses) {
    let grants = grants(snapshot);
    let reader = &Reader::new(snapshot, &grants, &config.kinds, now);
    let classes = classes(reader, config);
    let parents = parents(snapshot, reader, &classes, config);
    let (points, patterns) = (Parents::new(&parents, config), Patterns::default());
    let mut routes = routes(snapshot, &points, &patterns, reader);
    settle(&mut routes);
    let facts = Facts {
        routes,
        parents,
        classes,
    };
    let (served, unserved) = serve(emit(&facts, reader));
    (served, report(&facts, &unserved, config, reader))
}
