//! Routes that name no parent: valid, and served nowhere.

use gateway_model::{Kind, Route, Rule};
use gateway_resolve::Snapshot;

use crate::places::Places;
use crate::problems::Problem;

/// The code of the problem that a route names no parent.
const CODE: &str = "NoParent";

/// A warning for each route that names no parent.
pub(crate) fn problems(snapshot: &Snapshot, places: &Places) -> Vec<Problem> {
    let http = snapshot
        .http_routes()
        .iter()
        .filter(|route| is_orphan(route));
    let grpc = snapshot
        .grpc_routes()
        .iter()
        .filter(|route| is_orphan(route));
    let orphans = http
        .map(|route| route.reference())
        .chain(grpc.map(|route| route.reference()));
    orphans
        .map(|route| {
            let message = "expected the Gateway that is to serve it, found none".to_owned();
            Problem::warning(CODE, message).at(&route, "spec.parentRefs", places)
        })
        .collect()
}

/// A route that asks for default Gateways, which are not supported, is told that instead.
fn is_orphan<R: Rule>(route: &Route<R>) -> bool {
    route.spec.parent_refs.is_empty() && route.spec.use_default_gateways.is_none()
}
