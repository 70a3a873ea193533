//! What the operator configures.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use gateway_model::{GatewayStatusAddress, Hostname};
use ipnet::IpNet;

use crate::kinds::Kinds;

/// The controller name where no GatewayClass gives one.
pub const DEFAULT_CONTROLLER_NAME: &str = "gateway.example.dev/controller";

/// Who resolves, and for what data plane: what the operator configures. What was observed of the cluster is in the
/// [`Snapshot`](crate::Snapshot).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The namespace that the controller runs in, under which it writes of options.
    #[cfg(feature = "k8s-gateway")]
    pub namespace: String,
    /// The controller that statuses are written for, where no GatewayClass names one.
    pub controller_name: String,
    /// Which GatewayClasses are served.
    pub classes: ClassSelection,
    /// The names of the features that GatewayClasses list in their status: by default those that the
    /// CRDs of either channel allow. Those of the experimental channel come besides
    /// ([`EXPERIMENTAL_FEATURES`]).
    pub supported_features: BTreeSet<String>,
    /// Where clients reach Gateways that ask for no address, or for one of these: shown in their
    /// status. They are bound to the data plane's default, so their
    /// [`Binding`](crate::ir::Binding) has no address.
    pub default_addresses: Vec<GatewayStatusAddress>,
    /// The addresses that Gateways may ask for.
    pub usable_addresses: UsableAddresses,
    /// Do Gateways that ask for no address share the data plane's default, so that one's listeners can be
    /// in the way of another's? Not where each will get an address of its own. Default: they do.
    pub default_is_shared: bool,
    /// Are addresses given to one Gateway at a time? Then each has what
    /// [`Snapshot::allocate`](crate::Snapshot::allocate) says. If not, Gateways that ask for none, or for any, are
    /// bound to the data plane's default, and show the `default_addresses`.
    pub addresses_are_allocated: bool,
    /// What listeners may claim.
    pub listener_claims: ListenerClaims,
    /// The kinds that an embedder answers for.
    pub kinds: Kinds,
    /// The mesh whose clients are given what the routes of Services come to. `None`: Services are somebody else's
    /// parents, and nothing is said of them.
    pub mesh: Option<Mesh>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            #[cfg(feature = "k8s-gateway")]
            namespace: "gloo-system".to_owned(),
            controller_name: DEFAULT_CONTROLLER_NAME.to_owned(),
            classes: ClassSelection::default(),
            supported_features: FEATURES.iter().map(|name| (*name).to_owned()).collect(),
            default_addresses: Vec::new(),
            usable_addresses: UsableAddresses::default(),
            addresses_are_allocated: false,
            default_is_shared: true,
            listener_claims: ListenerClaims::default(),
            kinds: Kinds::default(),
            mesh: None,
        }
    }
}

/// A mesh, as its controller sees it (GEP-1294).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mesh {
    /// The controller that statuses of XMeshes and of routes on Services are written for; it may be the one of
    /// the [`Config`].
    pub controller_name: String,
    /// The names of the features that XMeshes list in their status: by default those that resolution has.
    pub supported_features: BTreeSet<String>,
}

impl Mesh {
    /// A mesh with all features that there are.
    pub fn new(controller_name: impl Into<String>) -> Self {
        Self {
            controller_name: controller_name.into(),
            supported_features: MESH_FEATURES
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        }
    }
}

/// Which GatewayClasses, and so which Gateways, are served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ClassSelection {
    /// Every class, whatever its controller, also where there is no object of that class.
    #[default]
    Any,
    /// The classes whose object names the controller of the [`Config`].
    Controller,
    /// The class of that name, whatever its controller, also where it has no object.
    Named(String),
    /// The class of that name, if its object names the controller of the [`Config`].
    NamedOfController(String),
}

/// What listeners may claim: where Gateways of several owners share addresses, a hostname or a port that
/// one takes is another's no more. A listener that claims anything else is not accepted, with
/// `UnsupportedValue` for its hostname, `PortUnavailable` for its port and `TooManyListeners`. By default everything may be
/// claimed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenerClaims {
    /// The hostnames that the listeners of each namespace may have; `None`: any.
    pub hostnames: Option<Allowed<AllowedHostname>>,
    /// The ports that the listeners of each namespace may have; `None`: any.
    pub ports: Option<Allowed<RangeInclusive<u16>>>,
    /// How many ports the listeners of one Gateway may have, the first of them; `None`: any number.
    pub ports_per_gateway: Option<usize>,
    /// How many listeners one Gateway may have, those of its ListenerSets included, the first of them (GEP-1713);
    /// `None`: any number.
    pub listeners_per_gateway: Option<usize>,
}

/// What each namespace may have: nothing, unless it is listed or all are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed<T> {
    /// What all namespaces may have.
    pub everywhere: Vec<T>,
    /// What single namespaces may have besides.
    pub namespaces: BTreeMap<String, Vec<T>>,
}

impl<T> Default for Allowed<T> {
    fn default() -> Self {
        Self {
            everywhere: Vec::new(),
            namespaces: BTreeMap::new(),
        }
    }
}

impl<T> Allowed<T> {
    /// What a namespace may have.
    pub fn of(&self, namespace: &str) -> impl Iterator<Item = &T> {
        let own = self.namespaces.get(namespace).into_iter().flatten();
        self.everywhere.iter().chain(own)
    }
}

/// Hostnames that listeners may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedHostname {
    /// Any, and none.
    Any,
    /// This one or, if it is a wildcard, all that it matches, wildcards included.
    Within(Hostname),
}

/// The addresses that Gateways may ask for; others leave them with `AddressNotUsable`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum UsableAddresses {
    /// Any address.
    #[default]
    Any,
    /// Addresses inside these networks.
    Within(Vec<IpNet>),
}

impl UsableAddresses {
    /// May a Gateway have this address?
    pub fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Within(networks) => networks.iter().any(|network| network.contains(&address)),
        }
    }
}

/// The features that are there besides, where the CRDs of the experimental channel are installed: the
/// standard ones don't have their fields.
pub const EXPERIMENTAL_FEATURES: &[&str] = &[
    "HTTPRouteExternalAuthForwardBody",
    "HTTPRouteExternalAuthGRPC",
    "HTTPRouteExternalAuthHTTP",
    "HTTPRouteRetry",
    "HTTPRouteRetryBackendTimeout",
    "HTTPRouteRetryConnectionError",
];

/// The features (GEP-2162) that resolution and the bundled data plane have, with the CRDs of either
/// channel.
const FEATURES: &[&str] = &[
    "BackendTLSPolicy",
    "BackendTLSPolicySANValidation",
    "GRPCRoute",
    "GRPCRouteNamedRouteRule",
    "GRPCRouteRequestHeaderModifier",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayBackendClientCertificate",
    "GatewayFrontendClientCertificateValidation",
    "GatewayFrontendClientCertificateValidationInsecureFallback",
    "GatewayHTTPListenerIsolation",
    "GatewayHTTPSListenerDetectMisdirectedRequests",
    "GatewayPort8080",
    "GatewayStaticAddresses",
    "HTTPRoute",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolH2C",
    "HTTPRouteBackendProtocolWebSocket",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteCORS",
    "HTTPRouteDestinationPortMatching",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteSchemeRedirect",
    "ListenerSet",
    "ReferenceGrant",
    "TCPRoute",
    "TLSRoute",
    "TLSRouteModeMixed",
    "TLSRouteModeTerminate",
    "UDPRoute",
];

/// The features of a mesh that resolution has: a data plane that serves what the IR says has them as well.
const MESH_FEATURES: &[&str] = &[
    "GRPCRoute",
    "HTTPRoute",
    "Mesh",
    "MeshClusterIPMatching",
    "MeshConsumerRoute",
    "MeshHTTPRouteBackendRequestHeaderModification",
    "MeshHTTPRouteNamedRouteRule",
    "MeshHTTPRouteQueryParamMatching",
    "MeshHTTPRouteRedirectPath",
    "MeshHTTPRouteRedirectPort",
    "MeshHTTPRouteRewritePath",
    "MeshHTTPRouteSchemeRedirect",
];
