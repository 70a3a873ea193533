//! Routes that name no parent: valid, and served nowhere.

use gateway_resolve::Snapshot;

use crate::places::Places;
use crate::problems::Problem;
use crate::routes::{Listed, all};

/// The code of the problem that a route names no parent.
const CODE: &str = "NoParent";

/// A warning for each route that names no parent.
pub(crate) fn problems(snapshot: &Snapshot, places: &Places) -> Vec<Problem> {
    let orphans = all(snapshot).filter(is_orphan);
    orphans
        .map(|route| {
            let message = "expected the Gateway that is to serve it, found none".to_owned();
            Problem::warning(CODE, message).at(&route.object, "spec.parentRefs", places)
        })
        .collect()
}

/// A route that asks for default Gateways, which are not supported, is told that instead.
fn is_orphan(route: &Listed<'_>) -> bool {
    route.parents.is_empty() && !route.asks_for_defaults
}
