//! What options come to, for whichever level: values of the IR, or what is wrong with them.

mod access_log;
mod connection_manager;
mod connections;
mod cors;
mod descriptors;
mod durations;
mod faults;
mod headers;
mod http;
mod limits;
mod log_filter;
mod matchers;
mod retry;
mod rewrites;
mod routing;
mod servers;
mod sockets;
mod stats;
mod template;
mod transformations;

pub(super) use access_log::{LogServers, access_logs};
pub(super) use connection_manager::{Managed, connection_manager, without_effect};
pub(super) use connections::{
    connection_limit, connection_rate_limit, health_answer, registered_methods,
};
pub(super) use cors::{cors, cors_merge, host_cors};
pub(super) use durations::stream_duration;
pub(super) use faults::{csrf, faults};
pub(super) use headers::header_manipulation;
pub(super) use http::gzip;
pub(super) use limits::{
    buffer, buffer_per_route, http_rate_limit, rate_limit_problems, set_rate_limits,
};
pub(super) use retry::retry;
pub(super) use rewrites::{host_rewrite, prefix_rewrite, regex_rewrite};
pub(super) use routing::{hash_policies, rule_metadata, upgrades};
pub(super) use servers::{authorized, authorizer, rate_limit_server};
pub(super) use sockets::{buffer_limit, proxy_protocol, socket_options};
pub(super) use stats::virtual_clusters;
pub(super) use transformations::{set_transformations, staged_transformations, transformations};

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use gateway_model::k8s_gateway::values;
use gateway_model::k8s_gateway::{Field, FieldError, Options};

use crate::ir::{Authorized, Fraction, Origin, Sourced};

use super::merge::Merged;

/// What is wrong with an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The field, as in `spec.options.faults.abort`.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) message: String,
    /// Is the option refused, rather than known and without effect?
    pub(crate) refused: bool,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

type Read<T> = Option<Arc<Field<T>>>;

/// Does something with an option that says something. What is wrong with it is said of its policy.
pub(super) fn when_read<T>(
    field: &Read<T>,
    act: impl FnOnce(&Field<T>, &T) -> Result<(), FieldError>,
) {
    if let Some(field) = field
        && let Ok(value) = &field.read
    {
        let _ = act(field, value);
    }
}

/// Sets what an option comes to. What is wrong with it is said of its policy.
pub(super) fn set<O: Options, T, V>(
    slot: &mut Option<Box<Sourced<V>>>,
    merged: &Merged<O>,
    field: &Read<T>,
    read: impl FnOnce(&T) -> Result<V, FieldError>,
) {
    when_read(field, |field, value| {
        *slot = Some(merged.sourced(field, read(value)?));
        Ok(())
    });
}

/// Sets what an option comes to, if that is anything: it is among what has no setting otherwise.
pub(super) fn set_if<O: Options, T, V>(
    (slot, beside): (&mut Option<Box<Sourced<V>>>, &mut Vec<Origin>),
    merged: &Merged<O>,
    field: &Read<T>,
    read: impl FnOnce(&T) -> Result<Option<V>, FieldError>,
) {
    when_read(field, |field, value| {
        match read(value)? {
            Some(value) => *slot = Some(merged.sourced(field, value)),
            None => beside.push(merged.origin(field)),
        }
        Ok(())
    });
}

/// What is wrong with an option beyond its form.
pub(super) fn check<T, V>(
    field: &Read<T>,
    check: impl FnOnce(&T) -> Result<V, FieldError>,
) -> Option<Outcome> {
    let field = field.as_ref()?;
    let error = check(field.read.as_ref().ok()?).err()?;
    Some(refused("spec.options", field.name, &error))
}

/// An option that is refused.
pub(super) fn refused(root: &str, name: &str, error: &FieldError) -> Outcome {
    Outcome {
        field: below(root, name, &error.path),
        message: error.message.to_string(),
        refused: true,
    }
}

/// An option that nothing serves yet.
pub(super) fn unserved<T>(field: &Read<T>) -> Option<Outcome> {
    let field = field.as_ref()?;
    Some(not_honoured(at(field.name, "")))
}

pub(super) fn not_honoured(field: String) -> Outcome {
    Outcome {
        field,
        message: "is known, and not honoured here".to_owned(),
        refused: false,
    }
}

pub(super) fn at(name: &str, path: &str) -> String {
    below("spec.options", name, path)
}

fn below(root: &str, name: &str, path: &str) -> String {
    match path {
        "" => format!("{root}.{name}"),
        path => format!("{root}.{name}.{path}"),
    }
}

/// Sets whether the server of a listener is asked.
pub(super) fn set_authorized<O: Options>(
    slot: &mut Option<Box<Sourced<Authorized>>>,
    beside: &mut Vec<Origin>,
    merged: &Merged<O>,
    field: &Read<values::ExtAuth>,
) {
    when_read(field, |field, written| {
        match authorized(written) {
            Some(authorized) => *slot = Some(merged.sourced(field, authorized)),
            None => beside.push(merged.origin(field)),
        }
        Ok(())
    });
}

/// What is not honoured of it: configurations of another edition.
pub(super) fn authorized_problems(field: &Read<values::ExtAuth>) -> Option<Outcome> {
    let read = field.as_ref().and_then(|field| field.read.as_ref().ok());
    matches!(read, Some(values::ExtAuth::Config)).then(|| not_honoured(at("extauth", "configRef")))
}

/// What is wrong with the form of options, and which are not honoured.
pub(super) fn problems<O: Options>(options: &O) -> Vec<Outcome> {
    problems_below("spec.options", options)
}

/// The same of options that are not in the place of a policy's.
pub(super) fn problems_below<O: Options>(root: &str, options: &O) -> Vec<Outcome> {
    let at = |name: &str, path: &str| below(root, name, path);
    let mut found = Vec::new();
    for field in (0..O::TABLE.len()).filter_map(|index| options.field(index)) {
        found.extend(field.error.map(|error| refused(root, field.name, error)));
        found.extend(
            field
                .unread
                .iter()
                .map(|path| not_honoured(at(field.name, path))),
        );
    }
    found.extend(options.refused().names().map(|name| Outcome {
        field: at(name, ""),
        message: format!(
            "Could not load configuration for the following Enterprise features: [{name}]"
        ),
        refused: true,
    }));
    found.extend(
        options
            .ignored()
            .names()
            .map(|name| not_honoured(at(name, ""))),
    );
    found
}

/// A value of the Gateway API that is none.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn invalid(error: gateway_model::Invalid) -> FieldError {
    FieldError::new(error.to_string())
}

/// A share of 100.
pub(super) fn percentage(percentage: f64, what: &str) -> Result<Fraction, FieldError> {
    if !(0.0..=100.0).contains(&percentage) {
        let message = format!("{what} must be between 0 and 100, received {percentage}");
        return Err(FieldError::new(message));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1,000,000"
    )]
    let numerator = (percentage * 10_000.0).round() as u32;
    const MILLION: NonZeroU32 = NonZeroU32::new(1_000_000).expect("a million is not zero");
    Ok(Fraction {
        numerator,
        denominator: MILLION,
    })
}
