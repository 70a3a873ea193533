//! Timeouts and retries of rules.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::{HttpRetry, HttpRule, HttpTimeouts, Source};

use crate::ir::{Retry, RuleSettings, Sourced};

/// Attempts beyond the first, where a retry does not say how many.
const DEFAULT_ATTEMPTS: NonZeroU32 = NonZeroU32::MIN;

/// The least time between two attempts, where a retry does not say: long enough for a backend that
/// has reset a connection to take the next.
const DEFAULT_BACKOFF: Duration = Duration::from_millis(25);

/// The settings of a rule that comes from `source`.
pub(crate) fn settings(rule: &HttpRule, source: &Source) -> RuleSettings {
    let timeouts = rule.timeouts.clone().unwrap_or_default();
    let HttpTimeouts {
        request,
        backend_request,
    } = timeouts;
    RuleSettings {
        request_timeout: request.map(|span| sourced(span.to_std(), source)),
        backend_request_timeout: backend_request.map(|span| sourced(span.to_std(), source)),
        retry: rule
            .retry
            .as_ref()
            .map(|written| sourced(retry(written), source)),
    }
}

fn sourced<T>(value: T, source: &Source) -> Sourced<T> {
    Sourced {
        value,
        source: source.clone(),
    }
}

fn retry(written: &HttpRetry) -> Retry {
    let HttpRetry {
        codes,
        attempts,
        backoff,
    } = written;
    let attempts = attempts.map(|attempts| u32::try_from(attempts).unwrap_or(u32::MAX));
    Retry {
        statuses: codes.clone(),
        attempts: attempts
            .and_then(NonZeroU32::new)
            .unwrap_or(DEFAULT_ATTEMPTS),
        backoff: backoff
            .as_ref()
            .map_or(DEFAULT_BACKOFF, |backoff| backoff.to_std()),
    }
}
