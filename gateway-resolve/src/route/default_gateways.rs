//! The Gateways that routes have without naming them (GEP-3793).

use gateway_model::{DefaultScope, Gateway, Kind, ObjectRef, ParentReference, Route, Rule};

use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::RouteAccepted;
use crate::status::policy::reference_to;

use super::parents::Parents;

/// The field that asks for them.
pub(super) const FIELD: &str = "spec.useDefaultGateways";

/// Does a route ask for them?
pub(super) fn are_wanted<R: Rule>(route: &Route<R>) -> bool {
    route.spec.use_default_gateways == Some(DefaultScope::All)
}

/// References to the default Gateways that a route does not name itself, as if it did (GEP-3793): as many as its status
/// has room for.
pub(super) fn default_gateways<R: Rule>(
    route: &Route<R>,
    parents: &Parents,
    reader: &Reader<'_>,
) -> Result<Vec<ParentReference>, Problem<RouteAccepted>> {
    let default = parents.default(reader);
    if default.is_empty() {
        let message = "there is no default Gateway";
        return Err(Problem::new(
            RouteAccepted::NoMatchingParent,
            FIELD,
            message,
        ));
    }
    let own = route.metadata.namespace.as_str();
    let written = &route.spec.parent_refs;
    let is_written = |gateway: &ObjectRef| {
        written.iter().any(|named| {
            let namespace = named.namespace.as_deref().unwrap_or(own);
            let is_gateway = named.group == Gateway::GROUP && named.kind == Gateway::KIND;
            is_gateway && namespace == &*gateway.namespace && named.name == *gateway.name
        })
    };
    let others = default.iter().filter(|gateway| !is_written(gateway));
    let room = MAX_PARENTS.saturating_sub(written.len());
    Ok(others.map(reference_to).take(room).collect())
}

/// How many entries the API server takes in a route's `status.parents`.
const MAX_PARENTS: usize = 32;
