//! One turn of a controller.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::{ObjectRef, Timestamp};

use crate::ir::{DataPlane, Ir};
use crate::resolve::resolve_serving;
use crate::status::unserved::Unserved;
use crate::{Config, Resolver, Snapshot, Statuses};

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
    let serve = |ir| {
        let ir = Arc::new(ir);
        let (applied, unserved) = ask(data_plane, &ir);
        ((ir, applied), unserved)
    };
    let ((ir, applied), statuses) = resolve_serving(snapshot, config, now, serve);
    let restated = statuses.iter().map(|(object, _)| object.clone()).collect();
    Reconciled {
        ir,
        statuses,
        restated,
        applied,
    }
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
        let serve = |ir: &Arc<Ir>| ask(data_plane, ir);
        let (resolved, applied) = self.resolve_serving(snapshot, config, now, serve);
        Reconciled {
            ir: resolved.ir,
            statuses: Statuses::clone(&resolved.statuses),
            restated: resolved.restated,
            applied,
        }
    }
}

/// Has the IR served; what comes of that.
fn ask<P: DataPlane>(data_plane: &P, ir: &Arc<Ir>) -> (P::Applied, Unserved) {
    let applied = data_plane.apply(ir);
    let unserved = Unserved::new(P::unserved(&applied));
    (applied, unserved)
}
