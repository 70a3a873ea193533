//! What `gateway run` serves, from one reload to the next.

use std::sync::Arc;

use gateway_model::{Manifests, Resource};
use gateway_resolve::{Config, Snapshot, Status, Statuses};
use tokio::task::spawn_blocking;

use crate::cli::RunArguments;
use crate::echo::Echoes;
use crate::error::Error;
use crate::load::{self, Input};
use crate::outcome::Outcome;
use crate::places::Places;
use crate::plane::{Plane, joined};
use crate::{problems, remember, selection};

/// A proxy and what it serves.
pub(crate) struct Server {
    config: Config,
    plane: Plane,
    echoes: Echoes,
    /// Those of the last good version, `Programmed` as the proxy has it.
    statuses: Arc<Statuses>,
}

impl Server {
    /// Starts the workers, which serve nothing yet.
    pub(crate) fn start(arguments: &RunArguments) -> Result<Self, Error> {
        let RunArguments {
            workers,
            bind,
            port_offset,
            ..
        } = arguments;
        Ok(Self {
            config: load::config(&arguments.selection),
            plane: Plane::start(*workers, bind, *port_offset)?,
            echoes: Echoes::default(),
            statuses: Arc::default(),
        })
    }

    /// Serves the manifests as they are now, unless something in them is wrong.
    pub(crate) async fn reload(&mut self, input: &Arc<Input>) {
        let input = Arc::clone(input);
        let manifests = joined(spawn_blocking(move || input.load())).await;
        if manifests.has_errors() {
            problems::log(&problems::of_manifests(&manifests));
            tracing::error!("not reloaded: the last good version is still served");
            return;
        }
        if self.serves_gateways() && !has_gateways(&manifests) {
            problems::log(&problems::of_manifests(&manifests));
            tracing::error!(
                "not reloaded: no Gateway is left; the last good version is still served, until \
                 there is one again or this gateway is stopped"
            );
            return;
        }
        let outcome = self.apply(manifests).await;
        outcome.log("reloaded");
        problems::log(&outcome.problems);
    }

    /// Serves all that is valid in `manifests`.
    pub(crate) async fn apply(&mut self, mut manifests: Manifests) -> Outcome {
        let (mut resources, places) = Places::take(&mut manifests);
        self.echoes.attach(&mut resources);
        remember::statuses(&mut resources, &self.statuses);
        let snapshot = Snapshot::from_resources(resources);
        let mut outcome = self.plane.apply(snapshot, &self.config).await;
        let unmatched = selection::problem(&self.config, &outcome.snapshot, &outcome.statuses);
        let found = problems::all(&manifests, &outcome.findings(), &outcome.snapshot, &places);
        outcome.problems = unmatched.into_iter().chain(found).collect();
        self.echoes.retain(&outcome.snapshot);
        self.statuses = Arc::clone(&outcome.statuses);
        outcome
    }

    fn serves_gateways(&self) -> bool {
        let mut statuses = self.statuses.iter();
        statuses.any(|(_, status)| matches!(status, Status::Gateway(_)))
    }

    /// The embedded demo backends.
    pub(crate) fn echoes(&self) -> &Echoes {
        &self.echoes
    }

    /// Stops accepting, and lets requests finish; says whether all did.
    pub(crate) async fn drain(&self) -> bool {
        self.plane.drain().await
    }
}

fn has_gateways(manifests: &Manifests) -> bool {
    let is_gateway = |resource: &Resource| matches!(resource, Resource::Gateway(_));
    let mut loaded = manifests.resources.iter();
    loaded.any(|loaded| is_gateway(&loaded.resource))
}
