//! What `gateway run` serves, from one reload to the next.

use std::process::ExitCode;
use std::sync::Arc;

use gateway_dataplane::check::Places;
use gateway_model::{Manifests, Resource};
use gateway_resolve::{Config, Snapshot, Status, Statuses};
use tokio::task::spawn_blocking;

use crate::cli::RunArguments;
use crate::echo::Echoes;
use crate::error::Error;
use crate::load::{self, Input};
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::plane::{Neighbours, Plane, joined};
use crate::stop::Stop;
use crate::{problems, remember, selection};

/// A proxy and what it serves.
pub(crate) struct Server {
    config: Config,
    plane: Plane,
    echoes: Echoes,
    /// The resources of the last good version.
    snapshot: Snapshot,
    /// Those of the last good version, `Programmed` as the proxy has it.
    statuses: Arc<Statuses>,
    /// How many listeners could not be opened.
    closed: usize,
}

/// What a reload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The files have changed, or somebody asked.
    Changed,
    /// A socket could not be opened before.
    Retry,
}

impl Server {
    /// Starts the workers, which serve nothing yet.
    pub(crate) fn start(
        arguments: &RunArguments,
        metrics: Option<Arc<Metrics>>,
    ) -> Result<Self, Error> {
        let name = load::name(&arguments.selection);
        Ok(Self {
            config: load::config(&arguments.selection),
            plane: Plane::start(&arguments.traffic, &name, Neighbours::Refuse, metrics)?,
            echoes: Echoes::default(),
            snapshot: Snapshot::new(),
            statuses: Arc::default(),
            closed: 0,
        })
    }

    /// Serves the manifests as they are now, unless something in them is wrong.
    pub(crate) async fn reload(&mut self, input: &Arc<Input>, why: Why) {
        let manifests = load(input).await;
        if let Some(reason) = self.reason_to_stay(&manifests) {
            if why == Why::Changed {
                self.plane.count_reload(false);
                problems::log(&problems::of_manifests(&manifests));
                tracing::error!("not reloaded: {reason}");
            }
            return;
        }
        let before = self.closed;
        let outcome = self.apply(manifests).await;
        if why == Why::Changed || self.closed != before {
            outcome.log("reloaded");
            problems::log(&outcome.problems);
        }
    }

    /// Waits until it is time to reload, since a socket could not be opened.
    pub(crate) async fn retry(&mut self) {
        self.plane.retry().await;
    }

    /// Serves all that is valid in `manifests`.
    pub(crate) async fn apply(&mut self, mut manifests: Manifests) -> Outcome {
        let (mut resources, places) = Places::take(&mut manifests);
        self.echoes.attach(&mut resources);
        remember::statuses(&mut resources, &self.statuses);
        self.snapshot.replace(resources);
        let snapshot = self.snapshot.clone();
        let mut outcome = self.plane.apply(snapshot, &self.config).await;
        let unmatched = selection::problem(&self.config, &outcome.snapshot, &outcome.statuses);
        let found = problems::all(
            &manifests,
            outcome.findings(),
            &outcome.snapshot,
            &outcome.ir,
            &places,
        );
        outcome.problems = unmatched.into_iter().chain(found).collect();
        self.echoes.retain(&outcome.snapshot);
        self.closed = outcome.applied.unserved().count();
        self.statuses = Arc::clone(&outcome.statuses);
        outcome
    }

    /// Why the last good version goes on being served, if it does.
    fn reason_to_stay(&self, manifests: &Manifests) -> Option<&'static str> {
        if manifests.has_errors() {
            return Some("the last good version is still served");
        }
        let emptied = self.serves_gateways() && !has_gateways(manifests);
        emptied.then_some(
            "no Gateway is left; the last good version is still served, until there is one again or \
             this gateway is stopped",
        )
    }

    fn serves_gateways(&self) -> bool {
        let mut statuses = self.statuses.iter();
        statuses.any(|(_, status)| matches!(status, Status::Gateway(_)))
    }

    /// The embedded demo backends.
    pub(crate) fn echoes(&self) -> &Echoes {
        &self.echoes
    }

    /// Stops accepting, and lets requests finish until a second signal.
    pub(crate) async fn end(&self, stop: &mut Stop) -> ExitCode {
        self.plane.end(stop).await
    }
}

/// The manifests as they are now.
pub(crate) async fn load(input: &Arc<Input>) -> Manifests {
    let input = Arc::clone(input);
    joined(spawn_blocking(move || input.load())).await
}

fn has_gateways(manifests: &Manifests) -> bool {
    let is_gateway = |resource: &Resource| matches!(resource, Resource::Gateway(_));
    let mut loaded = manifests.resources.iter();
    loaded.any(|loaded| is_gateway(&loaded.resource))
}
