//! What an Upstream says of how it is connected to.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{LoadBalancer, OutlierDetection};

use crate::ir::{BackendSettings, Balancing, Ejection};

use super::reading::Reading;

/// The settings of an Upstream.
pub(super) fn settings(reading: &mut Reading<'_>) -> BackendSettings {
    let spec = &reading.upstream.spec;
    BackendSettings {
        connect_timeout: reading.setting(&spec.connection_config, |written| {
            let timeout = written.connect_timeout.map(|timeout| timeout.0);
            Ok(timeout.filter(|timeout| !timeout.is_zero()))
        }),
        balancing: reading.setting(&spec.load_balancer_config, |written| Ok(balancing(written))),
        ejection: reading.setting(&spec.outlier_detection, |written| {
            ejection(written).map(Some)
        }),
        ..BackendSettings::default()
    }
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

/// Failures are those without a response, which Envoy counts with the others unless they count apart.
fn ejection(written: &OutlierDetection) -> Result<Ejection, FieldError> {
    if written.interval.is_none() {
        let what = "The field OutlierDetection.HealthChecker.Interval cannot be nil";
        return Err(FieldError::new(what).within("interval"));
    }
    let failures = match written.split_external_local_origin_errors {
        true => written.consecutive_local_origin_failure,
        false => written.consecutive_5xx,
    };
    let after = NonZeroU32::new(failures.unwrap_or(FAILURES));
    Ok(Ejection {
        after: after.unwrap_or(NonZeroU32::MAX),
        period: written.base_ejection_time.map_or(PERIOD, |span| span.0),
    })
}
