//! Which options are for what, and in which order (K8sGateway: extension references before target references,
//! a part before the whole, the older before the younger).

use std::sync::Arc;

use gateway_model::k8s_gateway::RouteOption;
use gateway_model::{Kind, ObjectRef};

use crate::age::by_age;
use crate::index::Index;
use crate::policy::{Targeting, targets_at};
use crate::reader::{Read, Reader};

/// A kind of object that options may be for.
pub(super) fn targeting<'a, P: Targeting>(
    index: &'a Index<P>,
    target: &ObjectRef,
    reader: &Reader<'a>,
) -> Vec<&'a Arc<P>> {
    reader.record(|| Read::Policies(target.clone()));
    let mut found: Vec<_> = index.of(target).collect();
    found.sort_by(|a, b| by_age(&***a, &***b));
    found
}

/// The RouteOptions that are for a route, the one that counts most first.
pub(super) fn of_route<'a>(route: &ObjectRef, reader: &Reader<'a>) -> Vec<&'a Arc<RouteOption>> {
    targeting(&reader.snapshot().options.routes, route, reader)
}

/// A RouteOption that a rule refers to.
pub(super) fn route_option<'a>(
    namespace: &str,
    name: &str,
    reader: &Reader<'a>,
) -> Option<&'a Arc<RouteOption>> {
    let object = ObjectRef::new(RouteOption::GROUP, RouteOption::KIND, namespace, name);
    reader.record(|| Read::Object(object));
    reader.snapshot().route_options().get(namespace, name)
}

/// The policies of a kind that are for a listener of `owner`, then for all listeners of it, then the same for
/// the Gateway that it belongs to, each by age.
pub(super) fn of_listener<'a, P: Targeting>(
    index: &'a Index<P>,
    owners: &[&ObjectRef],
    section: &str,
    reader: &Reader<'a>,
) -> Vec<&'a Arc<P>> {
    let mut ordered: Vec<&Arc<P>> = Vec::new();
    for owner in owners {
        let found = targeting(index, owner, reader);
        for of_section in [Some(section), None] {
            let fitting = found.iter().filter(|policy| {
                targets_at(&****policy, owner).any(|target| {
                    let named = target.section_name.as_ref().map(|name| name.as_str());
                    named == of_section
                })
            });
            for policy in fitting {
                if !ordered.iter().any(|known| Arc::ptr_eq(known, policy)) {
                    ordered.push(policy);
                }
            }
        }
    }
    ordered
}
