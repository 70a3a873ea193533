//! Policies that are attached to what they are for (GEP-713), whatever they ask of it.

pub(crate) mod backend_tls;
pub(crate) mod backend_traffic;
pub(crate) mod users;
pub(crate) mod validation;

use std::cmp::Ordering;
use std::sync::Arc;

use gateway_model::{CustomObject, ObjectRef, PolicyStatus, PolicyTarget, SectionName, Unread};

use crate::age::{Named, by_age};
use crate::index::Index;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::{PolicyAccepted, PolicyResolvedRefs};
use crate::{Snapshot, Stored};

/// A kind of policy that says what it is for.
pub(crate) trait Targeting: Named {
    /// What it is for; only what is in its own namespace counts.
    fn targets(&self) -> &[PolicyTarget];
}

impl Targeting for CustomObject {
    fn targets(&self) -> &[PolicyTarget] {
        &self.target_refs
    }
}

/// A kind of policy of which one applies to each target ("Direct" in GEP-713).
pub(crate) trait Policy: Targeting + Stored + 'static {
    /// Its status as it is stored.
    fn stored(&self) -> &PolicyStatus;

    /// All of its kind, by what they are for.
    fn by_target(snapshot: &Snapshot) -> &Index<Self>;

    /// What speaks against it, wherever it applies.
    fn judge(&self, reader: &Reader<'_>) -> Judged;
}

/// What speaks against a policy.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What keeps it from being accepted.
    pub(crate) refused: Vec<Problem<PolicyAccepted>>,
    /// The references of it that do not resolve; `None` where policies of its kind have none.
    pub(crate) unresolved: Option<Vec<Problem<PolicyResolvedRefs>>>,
}

/// What isn't understood of a stored policy.
pub(crate) fn not_understood(Unread { field, message }: &Unread) -> Problem<PolicyAccepted> {
    Problem::new(PolicyAccepted::Invalid, field, message)
}

/// The object that an entry of `spec.targetRefs` names.
pub(crate) fn target_of(policy: &impl Targeting, target: &PolicyTarget) -> ObjectRef {
    let PolicyTarget {
        group,
        kind,
        name,
        namespace,
        section_name: _,
    } = target;
    let own = policy.meta().namespace.as_str();
    let namespace = namespace.as_deref().unwrap_or(own);
    ObjectRef::new(group.clone(), kind.clone(), namespace, name.as_str())
}

/// Does a policy, one of those of `object`, apply to a section of it if no other one does?
pub(crate) fn is_for(policy: &impl Targeting, object: &ObjectRef, section: &str) -> bool {
    targets_at(policy, object).any(|target| {
        let own = target.section_name.as_ref();
        own.is_none_or(|own| own.as_str() == section)
    })
}

/// The policy that applies to a section of `object`, of all those that are for the object: one for the section
/// goes before one for the whole, then the older before the younger.
pub(crate) fn effective<'a, P: Targeting + 'a>(
    policies: impl Iterator<Item = &'a Arc<P>>,
    object: &ObjectRef,
    section: &str,
) -> Option<&'a Arc<P>> {
    let is_own = |policy: &P| {
        targets_at(policy, object).any(|target| {
            let own = target.section_name.as_ref().map(SectionName::as_str);
            own == Some(section)
        })
    };
    let candidates = policies.filter(|policy| is_for(&***policy, object, section));
    candidates.min_by(|a, b| {
        let (general_a, general_b) = (!is_own(a), !is_own(b));
        general_a.cmp(&general_b).then_with(|| by_age(&***a, &***b))
    })
}

/// The older policy that has the target of an entry already.
pub(crate) fn rival<'a, P: Targeting + 'a>(
    policy: &P,
    target: &PolicyTarget,
    policies: impl Iterator<Item = &'a Arc<P>>,
) -> Option<&'a Arc<P>> {
    let same = |other: &P| other.targets().contains(target);
    let mut older = policies.filter(|other| by_age(&***other, policy) == Ordering::Less);
    older.find(|other| same(other))
}

pub(crate) fn targets_at<'a>(
    policy: &'a impl Targeting,
    object: &'a ObjectRef,
) -> impl Iterator<Item = &'a PolicyTarget> {
    let targets = policy.targets().iter();
    targets.filter(|target| {
        target.group == object.group && target.kind == object.kind && *target.name == *object.name
    })
}
