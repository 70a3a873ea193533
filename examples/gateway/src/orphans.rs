//! Routes that name no parent: valid, and served nowhere.

use gateway_model::{HttpRoute, Kind};
use gateway_resolve::Snapshot;

use crate::places::Places;
use crate::problems::Problem;

/// The code of the problem that a route names no parent.
const CODE: &str = "NoParent";

/// A warning for each route that names no parent.
pub(crate) fn problems(snapshot: &Snapshot, places: &Places) -> Vec<Problem> {
    let routes = snapshot.http_routes().iter();
    let orphans = routes.filter(|route| is_orphan(route));
    orphans
        .map(|route| {
            let message = "expected the Gateway that is to serve it, found none".to_owned();
            Problem::warning(CODE, message).at(&route.reference(), "spec.parentRefs", places)
        })
        .collect()
}

/// A route that asks for default Gateways, which are not supported, is told that instead.
fn is_orphan(route: &HttpRoute) -> bool {
    route.spec.parent_refs.is_empty() && route.spec.use_default_gateways.is_none()
}
