//! What an XBackendTrafficPolicy comes to (GEP-1619, GEP-3388).

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use gateway_model::{
    Kind, ObjectRef, PolicyStatus, PolicyTarget, RequestRate, Service, XBackendTrafficPolicy,
    XBackendTrafficPolicySpec,
};

use crate::Snapshot;
use crate::index::Index;
use crate::ir::{self, BackendId, RetryConstraint, Sourced};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::PolicyAccepted;
use crate::route::session::session_of_policy;

use super::{Judged, Policy, Targeting, effective, not_understood};

impl Targeting for XBackendTrafficPolicy {
    fn targets(&self) -> &[PolicyTarget] {
        &self.spec.target_refs
    }
}

impl Policy for XBackendTrafficPolicy {
    fn stored(&self) -> &PolicyStatus {
        &self.status
    }

    fn by_target(snapshot: &Snapshot) -> &Index<Self> {
        &snapshot.backend_traffic_by_target
    }

    fn judge(&self, _reader: &Reader<'_>) -> Judged {
        Judged {
            refused: refused(self),
            unresolved: None,
        }
    }
}

/// What keeps a policy from being accepted.
fn refused(policy: &XBackendTrafficPolicy) -> Vec<Problem<PolicyAccepted>> {
    let XBackendTrafficPolicySpec {
        target_refs: _,
        retry_constraint: _,
        session_persistence,
        unread,
    } = &policy.spec;
    let mut refused: Vec<_> = unread.iter().map(not_understood).collect();
    let unusable = session_persistence
        .as_ref()
        .and_then(|written| session_of_policy(written, &policy.reference(), 0).err());
    if let Some(message) = unusable {
        let field = "spec.sessionPersistence";
        refused.push(Problem::new(PolicyAccepted::Invalid, field, message));
    }
    refused
}

/// The policy that is in force for all ports of a Service.
fn in_force<'a>(
    service: &ObjectRef,
    reader: &Reader<'a>,
) -> Option<&'a Arc<XBackendTrafficPolicy>> {
    let service = Some(service).filter(|object| *object.kind == *Service::KIND)?;
    let policies = reader.policies::<XBackendTrafficPolicy>(service);
    effective(policies, service, "").filter(|policy| refused(policy).is_empty())
}

/// How much of the traffic to a backend may be retries.
pub(crate) fn retry_constraint(
    backend: &BackendId,
    reader: &Reader<'_>,
) -> Option<Box<Sourced<RetryConstraint>>> {
    let service = Some(&backend.object).filter(|_| backend.transport.is_tcp())?;
    let policy = in_force(service, reader)?;
    let gateway_model::RetryConstraint {
        budget,
        min_retry_rate: RequestRate { count, interval },
    } = policy.spec.retry_constraint.as_ref()?;
    let constraint = RetryConstraint {
        percent: budget.percent,
        interval: budget.interval.to_std(),
        least: count.and_then(NonZeroU32::new).unwrap_or(DEFAULT_LEAST),
        least_interval: interval
            .as_ref()
            .map_or(DEFAULT_INTERVAL, |span| span.to_std()),
    };
    let field = "spec.retryConstraint";
    Some(Box::new(Sourced::new(constraint, field, policy.source())))
}

/// The rate of a policy that says nothing of it, by the schema.
const DEFAULT_LEAST: NonZeroU32 = NonZeroU32::new(10).expect("10 is not zero");
const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

/// How the rule of `route` at `index` keeps sessions, where it does not say itself: as the policy of its first
/// backend asks for, if there is one for each.
pub(crate) fn session_of_rule<'b>(
    backends: impl Iterator<Item = &'b BackendId>,
    route: &ObjectRef,
    index: usize,
    reader: &Reader<'_>,
) -> Option<Box<Sourced<ir::SessionPersistence>>> {
    let mut first = None;
    for backend in backends {
        let policy = in_force(&backend.object, reader)?;
        let written = policy.spec.session_persistence.as_ref()?;
        let kept = session_of_policy(written, route, index).ok()?;
        first.get_or_insert_with(|| Sourced::new(kept, "spec.sessionPersistence", policy.source()));
    }
    first.map(Box::new)
}
