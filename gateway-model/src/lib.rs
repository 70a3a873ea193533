//! Typed Gateway API resources.
//!
//! gateway-model performs no I/O of its own choosing, reads no clock and spawns nothing: it turns
//! bytes into resources, or into errors that name the file, document, object and field. What the resources come to, it
//! does not know: that is gateway-resolve, and what serves it gateway-dataplane.
//!
//! | You have | Use |
//! |---|---|
//! | files, a folder | `files::load` (feature `files`) |
//! | YAML or JSON as bytes | [`parse`], [`parse_in`] |
//! | one object as a [`serde_json::Value`] | [`parse_value`] |
//! | what an API server has stored | [`parse_stored`], [`parse_stored_value`] |
//! | two versions of an object | [`check_update`] |
//! | objects of kinds of your own | [`CustomObject`], from [`Manifests::unknown`] or by `serde` |
//!
//! | You build | What is here for it |
//! |---|---|
//! | a controller | [`parse_stored_value`] for what is watched, [`Resource`] |
//! | a proxy, server, backend or filter of your own | the words that the IR shares: [`Hostname`], [`HeaderName`], [`ObjectRef`] |
//! | a kind or a policy of your own | [`CustomObject`], [`Resource::Custom`] |
//! | a check in a CI | [`Problem`]s with file and line; `check` of gateway-dataplane |
//! | for a browser | all of it but `files`: `wasm32-unknown-unknown` is built and run in CI |
//!
//! The types implement `serde`'s traits for what these functions have made of an object. `Deserialize` by itself
//! fills in no default of the schema, drops no unknown field with a warning and checks no rule.
//!
//! Without the `manifests` feature only the vocabulary that an intermediate representation shares
//! with the resources is here: [`Hostname`], [`HeaderName`], [`Duration`], [`ObjectRef`] and so on.

#![cfg_attr(all(doctest, feature = "manifests"), doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

mod duration;
mod hostname;
mod http_types;
mod invalid;
mod names;
mod reference;

#[cfg(feature = "manifests")]
mod cel;
#[cfg(feature = "manifests")]
mod channel;
#[cfg(feature = "manifests")]
mod core;
#[cfg(feature = "manifests")]
mod custom;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "manifests")]
mod gateway_api;
#[cfg(feature = "k8s-gateway")]
pub mod k8s_gateway;
#[cfg(feature = "manifests")]
mod kinds;
#[cfg(feature = "manifests")]
mod lines;
#[cfg(feature = "manifests")]
mod manifests;
#[cfg(feature = "manifests")]
mod meta;
#[cfg(feature = "manifests")]
mod object;
#[cfg(feature = "manifests")]
mod parse;
#[cfg(feature = "manifests")]
mod problem;
#[cfg(feature = "manifests")]
mod resource;
#[cfg(feature = "manifests")]
mod schema;
#[cfg(feature = "manifests")]
mod tree;
#[cfg(feature = "manifests")]
mod unread;
#[cfg(feature = "manifests")]
mod yaml;

pub use duration::Duration;
pub use hostname::Hostname;
pub use http_types::{HeaderName, HeaderValue, Method};
pub use invalid::Invalid;
pub use names::{Port, SectionName};
pub use reference::{ObjectRef, Source};

#[cfg(feature = "manifests")]
pub use self::{
    channel::Channel,
    core::*,
    custom::{CustomObject, CustomStatus},
    gateway_api::*,
    lines::FieldLines,
    manifests::{Loaded, Manifests, UnknownObject},
    meta::{Condition, ConditionStatus, ObjectMeta},
    object::{Kind, KindInfo, NoStatus, Object, Typed},
    parse::{
        check_safe_upgrade, check_update, parse, parse_in, parse_stored, parse_stored_value,
        parse_value,
    },
    problem::{Code, Location, Problem, Severity},
    resource::Resource,
    unread::Unread,
};

/// A point in time, to the second when read from a manifest (RFC 3339).
pub use jiff::Timestamp;
