//! What comes of one version of the resources.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

use gateway_dataplane::{Applied, Problem as Refusal};
use gateway_model::{Listener, ObjectRef, Resource};
use gateway_resolve::ir::{Ir, ListenerId};
use gateway_resolve::reason::{ListenerProgrammed, Reason};
use gateway_resolve::{Config, Finding, Resolver, Snapshot, Statuses};

use crate::error::Error;
use crate::load;
use crate::plane::Measured;
use crate::problems::Problem;
use crate::routes;

/// What came of one version of the resources.
pub(crate) struct Outcome {
    /// The resources, with those that are made up for the demo backends.
    pub(crate) snapshot: Snapshot,
    /// What is served.
    pub(crate) ir: Arc<Ir>,
    /// What became of the listeners.
    pub(crate) applied: Applied,
    /// What the resources' authors are told, `Programmed` as the proxy has it.
    pub(crate) statuses: Arc<Statuses>,
    /// The resources whose authors are told something else than before.
    pub(crate) restated: BTreeSet<ObjectRef>,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
}

/// Resolves the snapshot and serves what comes of it, wherever it came from; blocks.
pub(crate) fn apply(
    resolver: &mut Resolver,
    snapshot: Snapshot,
    config: &Config,
    plane: &Measured,
) -> Outcome {
    let turn = resolver.reconcile(&snapshot, config, load::now(), plane);
    Outcome {
        snapshot,
        ir: turn.ir,
        applied: turn.applied,
        statuses: Arc::new(turn.statuses),
        restated: turn.restated,
        problems: Vec::new(),
    }
}

impl Outcome {
    /// What is not accepted, does not resolve, or cannot be served.
    pub(crate) fn findings(&self) -> impl Iterator<Item = Finding> {
        let refused = self.applied.problems();
        let refused = refused.map(|(id, refusal)| self.finding(id, refusal));
        self.statuses.findings().cloned().chain(refused)
    }

    /// Is there a socket that could not be opened, and may be later?
    pub(crate) fn has_closed_sockets(&self) -> bool {
        let mut problems = self.applied.problems();
        problems.any(|(_, problem)| matches!(problem, Refusal::Bind { .. }))
    }

    /// A listener that the proxy could not open, in the terms of resolution.
    fn finding(&self, id: &ListenerId, refusal: &Refusal) -> Finding {
        let ListenerId { parent, name } = id;
        let owner = self.snapshot.get(parent);
        let listeners = owner.as_ref().map(listeners);
        let position = listeners.and_then(|all| all.iter().position(|l| l.name == *name));
        Finding {
            resource: parent.clone(),
            code: ListenerProgrammed::Pending.as_str(),
            field: position.map(|n| format!("spec.listeners[{n}]")),
            message: refusal.to_string(),
            missing: None,
        }
    }

    /// Refuses to go on when there are listeners and none of them could be opened.
    pub(crate) fn require_socket(&self) -> Result<(), Error> {
        let closed: Vec<_> = self.applied.unserved().collect();
        if closed.is_empty() || closed.len() < self.applied.listeners().len() {
            return Ok(());
        }
        let lines = closed
            .iter()
            .map(|report| format!("\n  {}: {}", report.id, report.reasons()));
        let what = lines.fold("no listener can be served:".to_owned(), |what, line| {
            what + &line
        });
        let problems = closed.iter().flat_map(|report| &report.problems);
        let advice: BTreeSet<_> = problems.map(advice).collect();
        let advice: Vec<_> = advice.into_iter().collect();
        Err(Error::new(what).next(advice.join("; ")))
    }

    /// Logs how much is served.
    pub(crate) fn log(&self, what: &'static str) {
        let closed = self.applied.unserved().count();
        tracing::info!(
            listeners = self.applied.listeners().len() - closed,
            routes = routes::all(&self.snapshot).count(),
            problems = self.problems.len(),
            "{what}"
        );
        if self.applied.listeners().is_empty() {
            tracing::error!("no listener is served: gateway check says why");
        }
    }
}

/// The listeners that a resource has.
pub(crate) fn listeners(resource: &Resource) -> &[Listener] {
    match resource {
        Resource::Gateway(gateway) => &gateway.spec.listeners,
        Resource::ListenerSet(set) => &set.spec.listeners,
        _ => &[],
    }
}

/// What to do about what could not be opened.
fn advice(problem: &Refusal) -> &'static str {
    match problem {
        Refusal::Bind { error, .. } => match error.kind() {
            ErrorKind::AddrInUse => {
                "stop what has the ports, or move them all: gateway run --port-offset 10000 ..."
            }
            ErrorKind::PermissionDenied => {
                "move the ports beyond 1023: gateway run --port-offset 8000 ..."
            }
            ErrorKind::AddrNotAvailable => {
                "give an address of this machine in the Gateway's spec.addresses, or none there and \
                 one with --bind"
            }
            _ => "serve elsewhere, with --bind or --port-offset",
        },
        Refusal::Port { .. } => "give a smaller --port-offset",
        _ => "mend the Gateway: gateway check tells what is known of it",
    }
}
