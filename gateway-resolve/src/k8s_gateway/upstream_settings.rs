//! What an Upstream says of how it is connected to.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::Kind;
use gateway_model::k8s_gateway::values::{LoadBalancer, OutlierDetection};
use gateway_model::k8s_gateway::{Field, Upstream};

use super::options::{self, Outcome};
use crate::ir::{BackendSettings, Balancing, Ejection, Sourced};

/// The settings of an Upstream. What says nothing that can be done sets nothing.
pub(super) fn settings(upstream: &Upstream) -> BackendSettings {
    let spec = &upstream.spec;
    BackendSettings {
        connect_timeout: set(upstream, &spec.connection_config, |written| {
            let timeout = written.connect_timeout?.0;
            Some(timeout).filter(|timeout| !timeout.is_zero())
        }),
        balancing: set(upstream, &spec.load_balancer_config, balancing),
        ejection: set(upstream, &spec.outlier_detection, ejection),
        ..BackendSettings::default()
    }
}

/// What is wrong with an Upstream, and what of it is not honoured.
pub(super) fn problems(upstream: &Upstream) -> Vec<Outcome> {
    let spec = &upstream.spec;
    let mut found = options::problems_below("spec", spec);
    options::when_read(&spec.load_balancer_config, |field, written| {
        let kind = match written {
            LoadBalancer::RoundRobin | LoadBalancer::LeastRequest => return Ok(()),
            LoadBalancer::RingHash => "ringHash",
            LoadBalancer::Maglev => "maglev",
            _ => "random",
        };
        let message = "is known, and not honoured here: requests go to each endpoint in turn";
        found.push(outcome(field.name, kind, message, false));
        Ok(())
    });
    options::when_read(&spec.outlier_detection, |field, written| {
        if written.interval.is_none() {
            let message = "expected an interval, found none; no endpoint is ejected";
            found.push(outcome(field.name, "interval", message, true));
        }
        Ok(())
    });
    found
}

fn outcome(name: &str, path: &str, message: &str, refused: bool) -> Outcome {
    Outcome {
        field: format!("spec.{name}.{path}"),
        message: message.to_owned(),
        refused,
    }
}

type Written<T> = Option<std::sync::Arc<Field<T>>>;

fn set<T, V>(
    upstream: &Upstream,
    field: &Written<T>,
    read: impl FnOnce(&T) -> Option<V>,
) -> Option<Box<Sourced<V>>> {
    let field = field.as_ref()?;
    let value = read(field.read.as_ref().ok()?)?;
    let path = format!("spec.{}", field.name);
    Some(Box::new(Sourced::new(value, path, upstream.source())))
}

/// The others are not known to the data plane, which then goes by turns.
fn balancing(written: &LoadBalancer) -> Option<Balancing> {
    match written {
        LoadBalancer::RoundRobin => Some(Balancing::RoundRobin),
        LoadBalancer::LeastRequest => Some(Balancing::LeastRequest),
        _ => None,
    }
}

/// Envoy's defaults.
const FAILURES: u32 = 5;
const PERIOD: Duration = Duration::from_secs(30);

/// Failures are those without a response, which Envoy counts with the others unless they count apart. Without an
/// interval Gloo refuses all of it.
fn ejection(written: &OutlierDetection) -> Option<Ejection> {
    written.interval?;
    let failures = match written.split_external_local_origin_errors {
        true => written.consecutive_local_origin_failure,
        false => written.consecutive_5xx,
    };
    let after = NonZeroU32::new(failures.unwrap_or(FAILURES));
    Some(Ejection {
        after: after.unwrap_or(NonZeroU32::MAX),
        period: written.base_ejection_time.map_or(PERIOD, |span| span.0),
    })
}
