//! Backends that are asked for the name that they are known by.

use gateway_model::HeaderValue;

use crate::ir::{Action, BackendId, EndpointAddress, Filter, Rewrite, Rule};
use crate::reader::Reader;

use super::upstream;

/// Has each Upstream that a rule leads to asked for the name of its endpoints, where they have one. Addresses are none.
pub(super) fn ask_by_name(rule: &mut Rule, reader: &Reader<'_>) {
    let Action::Forward(split) = &mut rule.action else {
        return;
    };
    for target in split.targets_mut() {
        let name = target.target.backend().and_then(|id| name(id, reader));
        target.filters.extend(name.map(|name| {
            Filter::Rewrite(Rewrite {
                hostname: Some(name),
                path: None,
            })
        }));
    }
}

/// The name that all endpoints of an Upstream have.
fn name(id: &BackendId, reader: &Reader<'_>) -> Option<HeaderValue> {
    let backend = upstream::backend(id, reader)?;
    let mut names = backend
        .endpoints
        .iter()
        .map(|endpoint| match &endpoint.address {
            EndpointAddress::Name { host, .. } => Some(host),
            EndpointAddress::Ip(_) | EndpointAddress::Path(_) => None,
        });
    let first = names.next()??;
    let is_only = names.all(|name| name == Some(first));
    HeaderValue::new(first.as_str()).ok().filter(|_| is_only)
}
