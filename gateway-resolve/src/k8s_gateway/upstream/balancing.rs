//! How requests are spread.

use std::num::NonZeroU32;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::proto::Whole;
use gateway_model::k8s_gateway::values::{self, LoadBalancer, LoadBalancerKind, RingHashConfig};

use crate::ir::{Balancing, PanicThreshold, SlowStart};

/// Which endpoint gets a request.
pub(super) fn balancing(written: &LoadBalancer) -> Result<Option<Balancing>, FieldError> {
    Ok(Some(match &written.kind {
        LoadBalancerKind::RoundRobin(_) => Balancing::RoundRobin,
        LoadBalancerKind::LeastRequest(least) => Balancing::LeastRequest {
            choices: match least.choice_count {
                None => TWO,
                // Envoy takes no less than two.
                Some(count) => NonZeroU32::new(count).map_or(TWO, |count| count.max(TWO)),
            },
        },
        LoadBalancerKind::Random => Balancing::Random,
        LoadBalancerKind::RingHash(ring) => {
            let config = &ring.ring_hash_config;
            let sizes = ring_sizes(config);
            let (least, most) = sizes.map_err(|e| e.within("ringHash.ringHashConfig"))?;
            Balancing::Ring { least, most }
        }
        LoadBalancerKind::Maglev => Balancing::Maglev,
        _ => return Ok(None),
    }))
}

const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");

/// Envoy's bounds of rings.
const RING: u32 = 1_024;
const LARGEST_RING: u32 = 8 << 20;

fn ring_sizes(written: &RingHashConfig) -> Result<(NonZeroU32, NonZeroU32), FieldError> {
    let size = |name: &str, written: Option<Whole>, default: u32| {
        let size = written.map_or(Some(default), |Whole(size)| u32::try_from(size).ok());
        let size = size
            .filter(|size| *size <= LARGEST_RING)
            .and_then(NonZeroU32::new);
        let what = format!("expected 1 to {LARGEST_RING}");
        size.ok_or_else(|| FieldError::new(what).within(name))
    };
    let most = size("maximumRingSize", written.maximum_ring_size, LARGEST_RING)?;
    let least = size(
        "minimumRingSize",
        written.minimum_ring_size,
        RING.min(most.get()),
    )?;
    match least > most {
        true => Err(FieldError::new("expected at most the maximum").within("minimumRingSize")),
        false => Ok((least, most)),
    }
}

/// How endpoints that are new get their share.
pub(super) fn slow_start(written: &LoadBalancer) -> Result<Option<SlowStart>, FieldError> {
    let (name, written) = match &written.kind {
        LoadBalancerKind::RoundRobin(turns) => ("roundRobin", &turns.slow_start_config),
        LoadBalancerKind::LeastRequest(least) => ("leastRequest", &least.slow_start_config),
        _ => return Ok(None),
    };
    let Some(written) = written else {
        return Ok(None);
    };
    let at = |error: FieldError| error.within("slowStartConfig").within(name);
    starting(written).map_err(at)
}

fn starting(written: &values::SlowStart) -> Result<Option<SlowStart>, FieldError> {
    let window = written.slow_start_window.map(|window| window.0);
    let Some(window) = window.filter(|window| !window.is_zero()) else {
        return Ok(None);
    };
    let aggression = written.aggression.unwrap_or(1.0);
    let percent = written.min_weight_percent.unwrap_or(10.0);
    if !(0.001..=1_000.0).contains(&aggression) {
        return Err(FieldError::new("expected more than 0").within("aggression"));
    }
    if !(0.0..=100.0).contains(&percent) {
        return Err(FieldError::new("expected 0 to 100").within("minWeightPercent"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "they are within bounds"
    )]
    let (aggression, least_percent) = ((aggression * 1_000.0) as u32, percent as u8);
    Ok(Some(SlowStart {
        window,
        aggression: NonZeroU32::new(aggression).unwrap_or(NonZeroU32::MIN),
        least_percent,
    }))
}

/// How many endpoints have to be well: half of them, unless something is said.
pub(super) fn panic_threshold(
    written: Option<&LoadBalancer>,
) -> Result<PanicThreshold, FieldError> {
    let percent = written.and_then(|written| written.healthy_panic_threshold);
    let percent = percent.unwrap_or(50.0);
    if !(0.0..=100.0).contains(&percent) {
        return Err(FieldError::new("expected 0 to 100").within("healthyPanicThreshold"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within bounds; Envoy drops the fraction as well"
    )]
    Ok(PanicThreshold(percent as u8))
}
