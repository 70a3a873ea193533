//! One turn of a controller.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::{ObjectRef, Timestamp};

use crate::ir::{DataPlane, Ir};
use crate::{Config, Resolution, Resolver, Snapshot, Statuses, resolve};

/// What one turn of a controller came to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reconciled<A> {
    /// What is served.
    pub ir: Arc<Ir>,
    /// What to tell the authors of the resources, `Programmed` as the data plane has it.
    pub statuses: Statuses,
    /// The resources of which something else is said than the turn before; all after a turn alone.
    pub restated: BTreeSet<ObjectRef>,
    /// What the data plane answered.
    pub applied: A,
}

/// Resolves `snapshot`, has `data_plane` serve what comes of it, and only then says what became of
/// each resource: a Gateway is `Programmed` when, and only when, its listeners are open.
///
/// This is all that controllers share. Where snapshots come from is the caller's (files, the watches of
/// a cluster, a test), and so is where statuses go: [`plan_statuses`](crate::plan_statuses) turns them
/// into the writes that are missing.
///
/// ```
/// use std::sync::Arc;
/// use gateway_model::{Timestamp, parse};
/// use gateway_resolve::ir::{DataPlane, Ir, ListenerId};
/// use gateway_resolve::{Config, Snapshot, plan_statuses, reconcile};
///
/// /// Serves listeners on the ports from 1024 on.
/// struct Unprivileged;
///
/// impl DataPlane for Unprivileged {
///     type Applied = Vec<ListenerId>;
///
///     fn apply(&self, ir: &Arc<Ir>) -> Vec<ListenerId> {
///         let low = ir.listeners().iter().filter(|l| l.binding.port.get() < 1024);
///         low.map(|listener| listener.id.clone()).collect()
///     }
///
///     fn unserved(low: &Vec<ListenerId>) -> Vec<(ListenerId, String)> {
///         let why = "ports below 1024 need privileges";
///         low.iter().map(|id| (id.clone(), why.to_owned())).collect()
///     }
/// }
///
/// let manifests = br#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: web},
///     spec: {gatewayClassName: any, listeners: [
///         {name: low, port: 80, protocol: HTTP}, {name: high, port: 8080, protocol: HTTP}]}}"#;
/// let resources = parse("web.yaml", manifests).resources;
/// let snapshot: Snapshot = resources.into_iter().map(|loaded| loaded.resource).collect();
/// let config = Config::default();
/// let turn = reconcile(&snapshot, &config, Timestamp::UNIX_EPOCH, &Unprivileged);
/// assert_eq!(turn.applied.len(), 1);
/// let writes = plan_statuses(&snapshot, &turn.statuses, &config.controller_name);
/// assert_eq!(writes.len(), 1);
/// ```
pub fn reconcile<P: DataPlane>(
    snapshot: &Snapshot,
    config: &Config,
    now: Timestamp,
    data_plane: &P,
) -> Reconciled<P::Applied> {
    let Resolution { ir, statuses } = resolve(snapshot, config, now);
    let restated = statuses.iter().map(|(object, _)| object.clone()).collect();
    let turn = Reconciled {
        ir: Arc::new(ir),
        statuses,
        restated,
        applied: (),
    };
    turn.apply(snapshot, now, data_plane)
}

impl Resolver {
    /// The same as [`reconcile`], at the cost of what has changed since this was last called.
    pub fn reconcile<P: DataPlane>(
        &mut self,
        snapshot: &Snapshot,
        config: &Config,
        now: Timestamp,
        data_plane: &P,
    ) -> Reconciled<P::Applied> {
        let resolved = self.resolve(snapshot, config, now);
        let turn = Reconciled {
            ir: resolved.ir,
            statuses: Statuses::clone(&resolved.statuses),
            restated: resolved.restated,
            applied: (),
        };
        let mut turn = turn.apply(snapshot, now, data_plane);
        let unserved = P::unserved(&turn.applied);
        let unserved = unserved.into_iter().map(|(listener, _)| listener.parent);
        let before = std::mem::replace(&mut self.unserved, unserved.collect());
        turn.restated.extend(before);
        turn.restated.extend(self.unserved.iter().cloned());
        turn
    }
}

impl Reconciled<()> {
    /// Has the IR served, and says so.
    fn apply<P: DataPlane>(
        self,
        snapshot: &Snapshot,
        now: Timestamp,
        data_plane: &P,
    ) -> Reconciled<P::Applied> {
        let Self {
            ir,
            mut statuses,
            restated,
            applied: (),
        } = self;
        let applied = data_plane.apply(&ir);
        for (listener, why) in P::unserved(&applied) {
            statuses.not_programmed(snapshot, now, &listener, &why);
        }
        Reconciled {
            ir,
            statuses,
            restated,
            applied,
        }
    }
}
