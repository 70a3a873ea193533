//! Resolves Gateway API resources into an intermediate representation and statuses.
//!
//! gateway-resolve performs no I/O, reads no clock, spawns no thread and draws no random number:
//! one snapshot gives one result, whatever order its resources came in.
//!
//! [`resolve`] is a line of passes. Each is a function of what the ones before it returned, and
//! none changes what it was given; two readers then go over the result, one of which writes the
//! [`Ir`](ir::Ir) and the other the [`Statuses`].
//!
//! It serves nothing, and writes nothing: what takes the [`Ir`](ir::Ir) is a data plane, such as gateway-dataplane, and
//! what takes the [`StatusWrite`]s is a client of an API server.
//!
//! | You build | Use |
//! |---|---|
//! | a controller | [`reconcile`] or [`Resolver::reconcile`], [`plan_statuses`], [`StatusWrite`], [`Snapshot::wrote`], [`Statuses::set`] |
//! | a data plane, a proxy of another make | [`ir`], [`ir::DataPlane`], [`ir::Ir::changes_since`], [`ir::Ir::map_rules`] |
//! | a server, a backend or a filter of your own | gateway-dataplane, which takes the [`Ir`](ir::Ir) |
//! | a kind of backend of your own | [`BackendKind`], [`Config::kinds`] |
//! | a kind of policy of your own | [`PolicyKind`], [`Config::kinds`], [`ir::Extension`] |
//! | a check in a CI | [`resolve`], [`Statuses::findings`], [`advise`]; `check` of gateway-dataplane for a test |
//! | for a browser | all of it: `wasm32-unknown-unknown` is built and run in CI (`examples/browser`) |
//!
//! [`reconcile`] is the turn of a controller around it: resolve, serve, and then say what became of
//! each resource.
//!
//! Without the `resolve` feature only [`ir`] is here. Without `certificates`, which costs half again of what it takes to build
//! the rest, no certificate is read: a reference to one is refused and its listener not programmed, and the message says
//! why. What nobody has looked at is not served.

#![cfg_attr(all(doctest, feature = "resolve"), doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

pub mod ir;

#[cfg(feature = "resolve")]
mod advice;
#[cfg(feature = "resolve")]
mod age;
#[cfg(feature = "resolve")]
mod authorities;
#[cfg(feature = "resolve")]
mod behind;
#[cfg(feature = "resolve")]
mod config;
#[cfg(feature = "resolve")]
mod customs;
#[cfg(feature = "resolve")]
mod emit;
#[cfg(feature = "resolve")]
mod facts;
#[cfg(feature = "resolve")]
mod finding;
#[cfg(feature = "resolve")]
mod gateway;
#[cfg(feature = "resolve")]
mod grants;
#[cfg(feature = "resolve")]
mod index;
#[cfg(feature = "resolve")]
mod journal;
#[cfg(feature = "k8s-gateway")]
mod k8s_gateway;
#[cfg(feature = "resolve")]
mod kinds;
#[cfg(feature = "resolve")]
mod observed;
#[cfg(feature = "resolve")]
mod policy;
#[cfg(feature = "resolve")]
mod problem;
#[cfg(feature = "resolve")]
mod reader;
#[cfg(feature = "resolve")]
pub mod reason;
#[cfg(feature = "resolve")]
mod reconcile;
#[cfg(feature = "resolve")]
mod resolve;
#[cfg(feature = "resolve")]
mod resolver;
#[cfg(feature = "resolve")]
mod route;
#[cfg(feature = "resolve")]
mod snapshot;
#[cfg(feature = "resolve")]
mod status;
#[cfg(feature = "resolve")]
mod status_plan;
#[cfg(feature = "resolve")]
mod store;
#[cfg(feature = "resolve")]
mod stores;
#[cfg(feature = "resolve")]
mod tally;
#[cfg(feature = "resolve")]
mod x_backend;

#[cfg(feature = "resolve")]
pub use self::{
    advice::advise,
    config::{
        Allowed, AllowedHostname, ClassSelection, Config, DEFAULT_CONTROLLER_NAME,
        EXPERIMENTAL_FEATURES, ListenerClaims, Mesh, UsableAddresses,
    },
    finding::Finding,
    kinds::{BackendKind, Kinds, Lookup, PolicyKind, PolicyOutcome, Unresolved},
    observed::{AddressRefusal, Allocation, Release},
    reconcile::{Reconciled, reconcile},
    resolve::{Resolution, resolve},
    resolver::{Audit, Difference, Resolved, Resolver},
    snapshot::Snapshot,
    status::{Document, DocumentMetadata, Status, Statuses},
    status_plan::{Author, MergeStatus, StatusWrite, plan_status, plan_statuses},
    store::Store,
    stores::{KINDS, Stored},
};
