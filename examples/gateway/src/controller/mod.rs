//! `gateway controller`: what a cluster asks for is served, and what became of it is written back.
//!
//! The order is the promise: resolve, apply to the data plane, then write. Nothing is served or
//! written before everything was listed once; a burst of changes is resolved once.

mod addresses;
mod arguments;
mod claims;
mod cluster;
mod effect;
mod finalizer;
mod infrastructure;
mod kinds;
mod lease;
mod past;
mod plan;
mod queue;
mod watch;
mod write;
mod writer;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gateway_dataplane::Applied;
use gateway_model::{Gateway, ObjectRef};
use gateway_resolve::ir::Ir;
use gateway_resolve::{Author, Config, Release, Snapshot, Statuses};
use kube::Client;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::watch::Receiver;

pub(crate) use arguments::ControllerArguments;

use self::addresses::Allocator;
use self::cluster::Cluster;
use self::effect::Effect;
use self::lease::Candidate;
use self::plan::Plan;
use self::watch::Change;
use self::writer::{Writer, Written};
use crate::error::Error;
use crate::health::Ready;
use crate::metrics::Metrics;
use crate::plane::{Neighbours, Plane};
use crate::stop::Stop;
use crate::{health, logs, memory};

/// Serves a cluster until a signal ends it.
pub(crate) fn controller(arguments: &ControllerArguments) -> Result<ExitCode, Error> {
    let _logs = logs::start(&arguments.log_level, arguments.log_format).map_err(Error::new)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let outcome = runtime.block_on(serve(arguments));
    // A drain that was given up is not waited for.
    runtime.shutdown_background();
    outcome
}

async fn serve(arguments: &ControllerArguments) -> Result<ExitCode, Error> {
    let mut stop = Stop::new().map_err(Error::internal)?;
    let client = Client::try_default().await.map_err(|error| {
        Error::new(format!("no cluster to serve: {error}"))
            .next("run it in a pod, or set KUBECONFIG to a file that names a cluster")
    })?;
    let ready = Ready::default();
    let metrics = Arc::new(Metrics::default());
    health::start(arguments.health, &ready, &metrics).await?;
    let candidate = Candidate::new(&client, &arguments.lease);
    let mut leads = candidate.leads();
    let over = tokio::sync::watch::Sender::new(false);
    let election = tokio::spawn(candidate.run(over.subscribe()));
    let mut controller = Controller::start(arguments, &client, (ready, metrics), leads.clone())?;
    loop {
        let effect = tokio::select! {
            biased;
            () = stop.asked() => break,
            Some(change) = controller.changes.recv() => {
                controller.cluster.settle(change, &mut controller.changes).await
            }
            written = controller.writer.written() => controller.written(written),
            Ok(()) = leads.changed() => Effect::All,
            () = controller.plane.retry() => Effect::Resources,
        };
        // A steady flow of changes must not keep writes from being finished.
        let mut effect = controller.finish_writes(effect);
        // It may have changed together with what was seen first.
        if leads.has_changed().unwrap_or(false) {
            effect = effect.max(Effect::All);
        }
        leads.mark_unchanged();
        controller.react(effect).await;
    }
    over.send_replace(true);
    let ended = controller.plane.end(&mut stop).await;
    // The lease is given up meanwhile, unless the API server does not answer.
    let _given_up = tokio::time::timeout(Duration::from_secs(2), election).await;
    Ok(ended)
}

/// Everything between the watches and the writes.
struct Controller {
    config: Config,
    former_names: Vec<String>,
    /// The release of the Gateway API that statuses are written for.
    release: Release,
    plane: Plane,
    allocator: Option<Allocator>,
    ready: Ready,
    changes: UnboundedReceiver<Change>,
    cluster: Cluster,
    /// What is served.
    ir: Arc<Ir>,
    /// What the resources' authors are to be told.
    statuses: Arc<Statuses>,
    /// The resources whose authors are to be told something else since writes were planned.
    restated: BTreeSet<ObjectRef>,
    writer: Writer,
    /// Does this process write?
    leads: Receiver<bool>,
    /// What was said of listeners already.
    told: BTreeSet<String>,
}

impl Controller {
    /// Starts the workers, which serve nothing yet, and the watches.
    fn start(
        arguments: &ControllerArguments,
        client: &Client,
        (ready, metrics): (Ready, Arc<Metrics>),
        leads: Receiver<bool>,
    ) -> Result<Self, Error> {
        let name = format!("controller {}", arguments.controller_name);
        let mut plane = Plane::start(&arguments.traffic, &name, Neighbours::Share, Some(metrics))?;
        plane.audit_every(arguments.audit_every);
        let (sender, changes) = mpsc::unbounded_channel();
        watch::start(client, &sender);
        let mut config = arguments.config();
        client.default_namespace().clone_into(&mut config.namespace);
        Ok(Self {
            config,
            former_names: arguments.former_controller_name.clone(),
            release: Release::default(),
            plane,
            allocator: arguments.addresses.clone().map(Allocator::new),
            ready,
            changes,
            cluster: Cluster::default(),
            ir: Arc::default(),
            statuses: Arc::default(),
            restated: BTreeSet::new(),
            writer: Writer::new(client.clone(), leads.clone()),
            leads,
            told: BTreeSet::new(),
        })
    }

    /// Takes in what a write came back with.
    fn written(&mut self, written: Written) -> Effect {
        let Written { resource, over } = written;
        self.cluster.written(resource, over.as_deref())
    }

    /// Takes in all writes that have finished, besides what had that effect.
    fn finish_writes(&mut self, effect: Effect) -> Effect {
        let finished = self.writer.finished().into_iter();
        finished.fold(effect, |effect, written| effect.max(self.written(written)))
    }

    /// Serves what there is now, and writes what is missing.
    async fn react(&mut self, effect: Effect) {
        if !self.cluster.is_complete() || effect == Effect::Nothing {
            return;
        }
        // An address may have been given by another replica: its status tells.
        let mut effect = effect.max(self.allocate(effect));
        if effect >= Effect::Resources {
            effect = effect.max(self.apply().await);
        }
        self.plan(effect);
    }

    /// Plans the writes that are missing now: those of the objects that are stored otherwise, or of which something
    /// else is to be said. Who begins to write plans them all.
    fn plan(&mut self, effect: Effect) {
        let mut objects = self.cluster.touched();
        objects.append(&mut self.restated);
        let plan = Plan {
            snapshot: self.cluster.snapshot(),
            statuses: &self.statuses,
            ir: &self.ir,
            author: Author {
                controller: &self.config.controller_name,
                former: &self.former_names,
                namespace: Some(&self.config.namespace),
            },
        };
        // It may have been lost while the data plane took its time.
        if !*self.leads.borrow() {
            self.writer.plan(Vec::new(), |object| plan.exists(object));
        } else if effect == Effect::All {
            self.writer.plan(plan.all(), |object| plan.exists(object));
        } else {
            self.writer.replan(plan.of_each(objects));
        }
    }

    /// Gives Gateways their addresses, where others may be given than before; says whether anything is new.
    fn allocate(&mut self, effect: Effect) -> Effect {
        let Some(allocator) = &mut self.allocator else {
            return Effect::Nothing;
        };
        if effect < Effect::All && !self.cluster.has_other_gateways() {
            return Effect::Nothing;
        }
        let leads = *self.leads.borrow();
        let gateways = served(self.cluster.snapshot(), &self.config.controller_name);
        let allocations = allocator.allocate(gateways, leads);
        match self.cluster.allocate(allocations) {
            true => Effect::Resources,
            false => Effect::Nothing,
        }
    }

    /// Serves what there is now; says when all writes are to be planned anew.
    async fn apply(&mut self) -> Effect {
        let snapshot = self.cluster.snapshot().clone();
        let mut effect = Effect::Resources;
        if self.release != *snapshot.release() {
            self.release.clone_from(snapshot.release());
            self.writer.forget();
            effect = Effect::All;
        }
        let outcome = self.plane.apply(snapshot, &self.config).await;
        self.complain(&outcome.applied);
        tracing::debug!(listeners = outcome.ir.listeners().len(), "applied");
        self.ir = outcome.ir;
        self.statuses = outcome.statuses;
        self.restated.extend(outcome.restated);
        if !self.ready.swap(true, Ordering::Relaxed) {
            memory::give_back();
            tracing::info!("ready: the first table is served");
        }
        effect
    }

    /// Says which listeners are not served as they should be, once.
    fn complain(&mut self, applied: &Applied) {
        let problems = applied.problems();
        let now = problems.map(|(listener, problem)| format!("{listener}: {problem}"));
        let now: BTreeSet<_> = now.collect();
        for problem in now.difference(&self.told) {
            tracing::warn!(problem, "a listener is not served as it should be");
        }
        self.told = now;
    }
}

/// The Gateways whose class names this controller.
fn served<'a>(snapshot: &'a Snapshot, controller: &'a str) -> impl Iterator<Item = &'a Gateway> {
    snapshot
        .gateways()
        .iter()
        .map(|gateway| &**gateway)
        .filter(move |gateway| {
            let class = snapshot
                .gateway_classes()
                .get("", &gateway.spec.gateway_class_name);
            class.is_some_and(|class| class.spec.controller_name == controller)
        })
}
