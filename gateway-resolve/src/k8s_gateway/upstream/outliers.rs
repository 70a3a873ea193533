//! `outlierDetection` of Upstreams, with Envoy's defaults (`config.cluster.v3.OutlierDetection`).

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::OutlierDetection;

use crate::ir::{Ejection, InARow, Silence, SuccessRate};

const IN_A_ROW: u32 = 5;
const PERIOD: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(300);
const MOST_PERCENT: u32 = 10;
const ENDPOINTS: u32 = 5;
const REQUESTS: u32 = 100;
const DEVIATIONS: u32 = 1_900;

pub(super) fn ejection(written: &OutlierDetection) -> Result<Ejection, FieldError> {
    let Some(interval) = written.interval else {
        let what = "The field OutlierDetection.HealthChecker.Interval cannot be nil";
        return Err(FieldError::new(what).within("interval"));
    };
    let period = written.base_ejection_time.map_or(PERIOD, |span| span.0);
    Ok(Ejection {
        server_errors: in_a_row(
            written.consecutive_5xx,
            percent(
                written.enforcing_consecutive_5xx,
                100,
                "enforcingConsecutive5xx",
            )?,
        ),
        gateway_errors: in_a_row(
            written.consecutive_gateway_failure,
            percent(
                written.enforcing_consecutive_gateway_failure,
                0,
                "enforcingConsecutiveGatewayFailure",
            )?,
        ),
        silence: silence(written)?,
        success_rate: success_rate(
            written,
            percent(written.enforcing_success_rate, 100, "enforcingSuccessRate")?,
        ),
        interval: interval.0,
        period,
        longest: LONGEST.max(period),
        most_percent: percent(
            written.max_ejection_percent,
            MOST_PERCENT,
            "maxEjectionPercent",
        )?,
    })
}

fn silence(written: &OutlierDetection) -> Result<Silence, FieldError> {
    let failures = percent(
        written.enforcing_consecutive_local_origin_failure,
        100,
        "enforcingConsecutiveLocalOriginFailure",
    )?;
    let rate = percent(
        written.enforcing_local_origin_success_rate,
        100,
        "enforcingLocalOriginSuccessRate",
    )?;
    Ok(match written.split_external_local_origin_errors {
        false => Silence::GatewayError,
        true => Silence::Apart {
            failures: in_a_row(written.consecutive_local_origin_failure, failures),
            success_rate: success_rate(written, rate),
        },
    })
}

/// What is never acted upon is as good as not there.
fn in_a_row(count: Option<u32>, enforced_percent: u8) -> Option<InARow> {
    let count = NonZeroU32::new(count.unwrap_or(IN_A_ROW))?;
    (enforced_percent > 0).then_some(InARow {
        count,
        enforced_percent,
    })
}

fn success_rate(written: &OutlierDetection, enforced_percent: u8) -> Option<SuccessRate> {
    (enforced_percent > 0).then(|| SuccessRate {
        endpoints: written.success_rate_minimum_hosts.unwrap_or(ENDPOINTS),
        requests: written.success_rate_request_volume.unwrap_or(REQUESTS),
        deviations: written.success_rate_stdev_factor.unwrap_or(DEVIATIONS),
        enforced_percent,
    })
}

fn percent(written: Option<u32>, otherwise: u32, field: &'static str) -> Result<u8, FieldError> {
    let percent = u8::try_from(written.unwrap_or(otherwise)).ok();
    percent
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| FieldError::new("expected at most 100").within(field))
}
