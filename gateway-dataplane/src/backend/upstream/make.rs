//! Making upstreams of what the IR says, with what is known of those before.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use gateway_resolve::ir;

use super::budget::Budgets;
use super::checks::Checks;
use super::connect::{Connect, TcpConnect};
use super::endpoint::Endpoint;
use super::endpoints::Endpoints;
use super::load::Load;
#[cfg(feature = "dns")]
use super::names::Dns;
use super::names::{Looking, Lookup, Pending, Roll};
use super::pick::{Pick, balance};
use super::settings::Settings;
use super::total::Total;
use super::way::Way;
use super::{Slot, Upstream};
#[cfg(feature = "lambda")]
use crate::backend::lambda::AwsEnvironment;
use crate::backend::lambda::{Lambda, Providers};
use crate::backend::{BoxBackend, MakeBackend, Site};

/// Builds [`Upstream`]s. How each balances, and what it is allowed, is said by the
/// [settings](ir::BackendSettings) of its backend and by the limits of the gateway.
pub struct Upstreams<C = TcpConnect> {
    connect: Arc<C>,
    /// Chooses in place of what settings ask for.
    pick: Option<Arc<dyn Pick>>,
    /// What all have open, once it is known how much that may be.
    total: OnceLock<Arc<Total>>,
    budgets: Budgets,
    looking: Arc<Looking>,
    providers: Providers,
}

impl Upstreams {
    /// Upstreams over plain TCP, and TLS where that is asked for.
    pub fn new() -> Self {
        Self::over(TcpConnect)
    }
}

impl Default for Upstreams {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Connect> Upstreams<C> {
    /// Upstreams over streams that `connect` opens.
    pub fn over(connect: C) -> Self {
        Self {
            connect: Arc::new(connect),
            pick: None,
            total: OnceLock::new(),
            budgets: Budgets::default(),
            looking: Arc::new(Looking::new(in_the_dns())),
            providers: Providers::default(),
        }
    }

    /// Has `pick` choose the endpoints of all backends, whatever their settings ask for.
    #[must_use]
    pub fn picked_by(self, pick: impl Pick) -> Self {
        let pick: Option<Arc<dyn Pick>> = Some(Arc::new(pick));
        Self { pick, ..self }
    }

    /// Has functions called with what `environment` says of credentials, in place of that of the process.
    #[cfg(feature = "lambda")]
    #[must_use]
    pub fn in_environment(self, environment: AwsEnvironment) -> Self {
        let providers = Providers::new(environment);
        Self { providers, ..self }
    }

    /// Has `lookup` look up the names that endpoints have. Unless that is said, the DNS of the system is asked, which
    /// takes the feature `dns`.
    #[must_use]
    pub fn named_by(self, lookup: impl Lookup) -> Self {
        let looking = Arc::new(Looking::new(Some(Arc::new(lookup))));
        Self { looking, ..self }
    }
}

impl<C: Connect> Upstreams<C> {
    /// What calls the function that a backend is, if it is one.
    fn lambda(&self, spec: &ir::Backend, site: &Site<'_>) -> Option<Lambda> {
        let called = &spec.settings.lambda.as_ref()?.value;
        let reach = |service: &ir::TokenService| {
            BoxBackend::new(self.make(&Arc::new(of_service(service, spec)), site, None))
        };
        let provider = self.providers.of(&called.credentials, reach);
        let limit = site.limits.function_body;
        Some(Lambda::new(called.clone(), provider, limit))
    }
}

/// The backend that a token service is.
fn of_service(service: &ir::TokenService, of: &ir::Backend) -> ir::Backend {
    ir::Backend {
        protocol: ir::AppProtocol::Http1,
        tls: service.tls.clone(),
        endpoints: vec![service.endpoint.clone()],
        ..ir::Backend::new(of.id.clone(), of.source.clone())
    }
}

/// The DNS of the system.
fn in_the_dns() -> Option<Arc<dyn Lookup>> {
    #[cfg(feature = "dns")]
    return Some(Arc::new(Dns::system()));
    #[cfg(not(feature = "dns"))]
    None
}

impl<C> std::fmt::Debug for Upstreams<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upstreams")
    }
}

impl<C: Connect> MakeBackend for Upstreams<C> {
    type Backend = Upstream<C>;

    fn make(
        &self,
        spec: &Arc<ir::Backend>,
        site: &Site<'_>,
        previous: Option<&Arc<Upstream<C>>>,
    ) -> Arc<Upstream<C>> {
        let load = previous.map(|previous| Arc::clone(&previous.load));
        let most = site.limits.upstream_connections;
        let total = self.total.get_or_init(|| Arc::new(Total::new(most)));
        let new = || Arc::new(Load::new(Arc::clone(total)));
        let load = load.unwrap_or_else(new);
        let kept = previous.filter(|previous| are_reached_alike(&previous.spec, spec));
        let settings = Settings::new(site, spec);
        let known = kept.map(|kept| kept.endpoints());
        let balancing = spec.settings.balancing.as_deref().map(|asked| asked.value);
        let pick = self.pick.clone();
        let pick = pick.unwrap_or_else(|| balance(balancing.unwrap_or_default()));
        let roll = Roll::new(spec, previous.map(|previous| previous.roll()).as_deref());
        let endpoints = endpoints(&roll, known.as_deref(), &*pick, &settings, &load);
        let upstream = Arc::new(Upstream {
            slots: (0..settings.workers)
                .map(|worker| Slot::new(worker, endpoints.clone()))
                .collect(),
            way: match kept {
                Some(kept) if kept.spec.settings == spec.settings => Arc::clone(&kept.way),
                _ => Arc::new(Way::new(&self.connect, spec)),
            },
            pick,
            zone: site.zone.map(Into::into),
            budget: self.budgets.of(spec),
            spec: Arc::clone(spec),
            load,
            settings,
            roll: Mutex::new(roll),
            pending: Pending::default(),
            looking: Arc::clone(&self.looking),
            checks: Checks::default(),
            lambda: self.lambda(spec, site),
        });
        upstream.begin_to_look_up();
        upstream.begin_to_check();
        upstream
    }

    fn update(&self, backend: &Arc<Upstream<C>>, spec: &Arc<ir::Backend>) -> bool {
        if !differ_in_endpoints_alone(&backend.spec, spec) {
            return false;
        }
        backend.roll().update(spec);
        backend.begin_to_look_up();
        true
    }

    fn retire(&self, backend: &Arc<Upstream<C>>) {
        backend.checks.end();
    }
}

/// Is a connection to an endpoint of one as good for the other?
fn are_reached_alike(old: &ir::Backend, new: &ir::Backend) -> bool {
    let of = |backend: &ir::Backend| {
        let ir::BackendSettings {
            proxy_header,
            tunnel,
            http,
            http2,
            ..
        } = backend.settings.clone();
        (proxy_header, tunnel, http, http2)
    };
    (old.protocol, &old.tls, of(old)) == (new.protocol, &new.tls, of(new))
}

fn differ_in_endpoints_alone(old: &ir::Backend, new: &ir::Backend) -> bool {
    let ir::Backend {
        id: _,
        source: _,
        protocol,
        tls,
        settings,
        endpoints: _,
    } = new;
    (old.protocol, &old.tls, &old.settings) == (*protocol, tls, settings)
}

/// The endpoints of which there are addresses, among which those that are known stay as they are.
pub(super) fn endpoints(
    roll: &Roll,
    known: Option<&Endpoints>,
    pick: &dyn Pick,
    settings: &Settings,
    load: &Arc<Load>,
) -> Endpoints {
    let now = Instant::now();
    let endpoint = |(wanted, address): (&ir::Endpoint, SocketAddr)| {
        let known = known.and_then(|known| known.iter().find(|e| e.is(wanted, address)));
        let new = || Arc::new(Endpoint::new(wanted.clone(), address, settings, load, now));
        known.cloned().unwrap_or_else(new)
    };
    let mut all: Vec<_> = roll.addresses().map(endpoint).collect();
    if let Some(known) = known.filter(|known| settings.renews && !are_same(known, &all)) {
        let was_there = |one: &Arc<Endpoint>| known.iter().any(|known| Arc::ptr_eq(known, one));
        for one in all.iter_mut().filter(|one| was_there(one)) {
            *one = Arc::new(one.renewed(settings, load));
        }
    }
    for endpoint in &all {
        endpoint.health.tally.set_checked(settings.checked);
    }
    Endpoints::new(all, pick, settings, now)
}

/// Are these the same, one by one?
pub(super) fn are_same(known: &Endpoints, all: &[Arc<Endpoint>]) -> bool {
    known.len() == all.len() && known.iter().zip(all).all(|(a, b)| Arc::ptr_eq(a, b))
}
