//! How a proxy is set up.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use gateway_resolve::ir;
use tokio::sync::Semaphore;

use super::{Proxy, State};
use crate::Limits;
use crate::admit::{Admit, Gatekeeper, Stages};
use crate::backend::MakeBackend;
use crate::backend::upstream::Upstreams;
use crate::forward::Forwarder;
use crate::forward::headers::Forwarding;
use crate::head::AmbiguousPaths;
use crate::observe::{Audience, Observer};
use crate::server::{Shared, Tls, start};
use crate::session::SessionKey;

/// Which ports are opened for those that listeners ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ports {
    /// The same, plus a number: `Offset(8000)` opens 8080 for 80.
    Offset(u16),
    /// Any that are free; [`Applied`](super::Applied) says which.
    Any,
}

/// The settings of a [`Proxy`].
#[derive(Debug, Clone)]
pub struct ProxyBuilder {
    workers: usize,
    limits: Limits,
    forwarding: Forwarding,
    ambiguous_paths: AmbiguousPaths,
    session_key: SessionKey,
    addresses: Vec<IpAddr>,
    ports: Ports,
    alone: bool,
    audience: Audience,
    gatekeeper: Gatekeeper,
    receiving: Option<Arc<Stages>>,
    zone: Option<Box<str>>,
}

impl Default for ProxyBuilder {
    /// One worker for each core; all addresses of the machine; the ports that listeners ask for,
    /// shared with no other process.
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            limits: Limits::default(),
            forwarding: Forwarding::default(),
            ambiguous_paths: AmbiguousPaths::default(),
            session_key: SessionKey::default(),
            addresses: vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
            ports: Ports::Offset(0),
            alone: true,
            audience: Audience::default(),
            gatekeeper: Gatekeeper::default(),
            receiving: None,
            zone: None,
        }
    }
}

impl ProxyBuilder {
    /// How many workers there are, at least one.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Self {
            workers: workers.max(1),
            ..self
        }
    }

    /// Timeouts and limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Which headers backends are sent.
    #[must_use]
    pub fn forwarding(self, forwarding: Forwarding) -> Self {
        Self { forwarding, ..self }
    }

    /// What is done with requests whose path can be read in more than one way.
    #[must_use]
    pub fn ambiguous_paths(self, ambiguous_paths: AmbiguousPaths) -> Self {
        Self {
            ambiguous_paths,
            ..self
        }
    }

    /// What the tokens of sessions are hashed with: the same for all gateways that serve the same clients, and known to
    /// nobody else. By default one that everybody knows.
    #[must_use]
    pub fn session_key(self, session_key: SessionKey) -> Self {
        Self {
            session_key,
            ..self
        }
    }

    /// The addresses of listeners that ask for none.
    #[must_use]
    pub fn addresses(self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let addresses = addresses.into_iter().collect();
        Self { addresses, ..self }
    }

    /// Which ports are opened.
    #[must_use]
    pub fn ports(self, ports: Ports) -> Self {
        Self { ports, ..self }
    }

    /// Lets other processes of the same user accept connections on the same ports, so that one can
    /// take over from another. Off by default: a port that is in use is reported.
    #[must_use]
    pub fn share_ports(self, share: bool) -> Self {
        Self {
            alone: !share,
            ..self
        }
    }

    /// The zone that the gateway runs in, for those who choose endpoints. Unknown by default.
    #[must_use]
    pub fn zone(self, zone: impl Into<Box<str>>) -> Self {
        let zone = Some(zone.into());
        Self { zone, ..self }
    }

    /// Who is told what became of each request. Nobody by default.
    #[must_use]
    pub fn observed_by(self, observer: impl Observer) -> Self {
        let audience = Audience::of(observer);
        Self { audience, ..self }
    }

    /// Which [stages](crate::admit) the requests of each rule pass before a backend is picked; asked when a table is
    /// compiled.
    #[must_use]
    pub fn admitted_by(
        self,
        stages: impl Fn(&Arc<ir::Rule>) -> Vec<Box<dyn Admit>> + Send + Sync + 'static,
    ) -> Self {
        let gatekeeper = Gatekeeper::new(stages);
        Self { gatekeeper, ..self }
    }

    /// Which [stages](crate::admit) all requests pass before they are routed, in order.
    #[must_use]
    pub fn received_by(self, stages: Vec<Box<dyn Admit>>) -> Self {
        let receiving = Stages::new(stages).map(Arc::new);
        Self { receiving, ..self }
    }

    /// Starts the workers, with the bundled upstreams.
    ///
    /// # Errors
    /// The system gives no thread, event queue or random numbers.
    pub fn start(self) -> io::Result<Proxy> {
        self.start_with(Upstreams::new())
    }

    /// Starts the workers, with backends that `make` builds.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with<M: MakeBackend>(self, make: M) -> io::Result<Proxy<M>> {
        let connections = self.limits.connections.min(Semaphore::MAX_PERMITS);
        let mut forwarder =
            Forwarder::with_workers(make, self.workers, self.limits, self.forwarding)
                .ambiguous_paths(self.ambiguous_paths)
                .session_key(self.session_key)
                .with_audience(self.audience)
                .with_gatekeeper(self.gatekeeper)
                .with_receiving(self.receiving);
        if let Some(zone) = self.zone {
            forwarder = forwarder.in_zone(zone);
        }
        let shared = Shared {
            forwarder: Arc::new(forwarder),
            permits: Arc::new(Semaphore::new(connections)),
        };
        let workers = (0..self.workers).map(|index| start(&shared, index));
        Ok(Proxy {
            workers: workers.collect::<io::Result<_>>()?,
            forwarder: shared.forwarder,
            tls: Tls::new().map_err(io::Error::other)?,
            addresses: self.addresses,
            ports: self.ports,
            alone: self.alone,
            state: Mutex::new(State::default()),
        })
    }
}
