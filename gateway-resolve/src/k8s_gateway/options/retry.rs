//! Retries.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::Retries;

use crate::ir::{Failures, Retry};

/// Retries.
pub(crate) fn retry(written: &Retries) -> Result<Retry, FieldError> {
    let mut statuses: Vec<u16> = Vec::new();
    for word in written.retry_on.split(',').map(str::trim) {
        match word {
            "5xx" => statuses.extend(500..600),
            "gateway-error" => statuses.extend(502..=504),
            "retriable-4xx" => statuses.push(409),
            "retriable-status-codes" => {
                let codes = written.retriable_status_codes.iter();
                statuses.extend(codes.filter_map(|code| u16::try_from(*code).ok()));
            }
            _ => {}
        }
    }
    statuses.sort_unstable();
    statuses.dedup();
    Ok(Retry {
        statuses,
        attempts: NonZeroU32::new(written.num_retries).unwrap_or(NonZeroU32::MIN),
        backoff: backoff(written)?,
        max_backoff: written
            .retry_back_off
            .as_ref()
            .and_then(|backoff| Some(backoff.max_interval?.0)),
        attempt_timeout: written.per_try_timeout.map(|limit| limit.0),
        failures: failures(&written.retry_on),
    })
}

/// The ways to fail that are retried: those that are named.
fn failures(retry_on: &str) -> Failures {
    let names = |names: &[&str]| retry_on.split(',').any(|word| names.contains(&word.trim()));
    Failures {
        connect: names(&[
            "5xx",
            "gateway-error",
            "connect-failure",
            "refused-stream",
            "reset",
        ]),
        reset: names(&["5xx", "reset"]),
        timeout: names(&["5xx", "gateway-error", "reset"]),
    }
}

/// Before the second attempt, where nothing is said.
const BACKOFF: Duration = Duration::from_millis(25);

fn backoff(written: &Retries) -> Result<Duration, FieldError> {
    let Some(backoff) = &written.retry_back_off else {
        return Ok(BACKOFF);
    };
    let millis = |span: Duration| span.as_millis();
    match (backoff.base_interval, backoff.max_interval) {
        (None, None) => Ok(BACKOFF),
        (None, Some(_)) => Err(FieldError::new(
            "max interval was defined, but the base interval was not",
        )),
        (Some(base), _) if base.0.is_zero() => Err(FieldError::new(
            "base interval for retry backoff was <= than 0 | you provided: 0",
        )),
        (Some(base), Some(max)) if base > max => Err(FieldError::new(format!(
            "base interval: {} is > max interval: {}",
            millis(base.0),
            millis(max.0)
        ))),
        (Some(base), _) => Ok(base.0),
    }
}
