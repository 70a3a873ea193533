//! Which policies of own kinds apply to what, and what they set.

use gateway_model::{CustomObject, ObjectRef};

use super::{Kinds, Lookup, PolicyKind, PolicyOutcome, name_of};
use crate::customs::kind_of;
use crate::ir::{Extension, Sourced};
use crate::policy::{Judged, effective};
use crate::reader::Reader;

/// What policies set for a section of `target`, one of each kind.
pub(crate) fn extensions(
    target: &ObjectRef,
    section: &str,
    reader: &Reader<'_>,
) -> Vec<Sourced<Extension>> {
    let kinds = all_kinds(reader.kinds()).filter(|kind| kind.is_for(target));
    let set = kinds.filter_map(|kind| {
        let policies = reader.customs_for(&name_of(kind), target);
        let policy = effective(policies, target, section)?;
        let PolicyOutcome { setting, .. } = kind.read(policy, &Lookup(reader));
        Some(Sourced::new(setting?, "spec", policy.source()))
    });
    set.collect()
}

/// All kinds of policies.
pub(crate) fn all_kinds(kinds: &Kinds) -> impl Iterator<Item = &dyn PolicyKind> {
    kinds.policies.iter().map(|kind| &**kind)
}

/// What policies set for a listener of `owner`, then for all of them, then for all of the Gateway that it belongs to.
pub(crate) fn of_listener(
    owner: &ObjectRef,
    listener: &str,
    gateway: &ObjectRef,
    reader: &Reader<'_>,
) -> Vec<Sourced<Extension>> {
    let mut set = extensions(owner, listener, reader);
    if owner != gateway {
        let of_gateway = extensions(gateway, "", reader);
        let kind = |one: &Sourced<Extension>| {
            let policy = one.origin.sources.first();
            policy.map(|policy| kind_of(&policy.object))
        };
        let known: Vec<_> = set.iter().map(kind).collect();
        set.extend(
            of_gateway
                .into_iter()
                .filter(|one| !known.contains(&kind(one))),
        );
    }
    set
}

/// What speaks against a policy.
pub(crate) fn judge(kind: &dyn PolicyKind, policy: &CustomObject, reader: &Reader<'_>) -> Judged {
    let PolicyOutcome {
        setting: _,
        refused,
        unresolved,
    } = kind.read(policy, &Lookup(reader));
    let has_references = kind.has_references() || !unresolved.is_empty();
    Judged {
        refused,
        unresolved: has_references.then_some(unresolved),
    }
}
