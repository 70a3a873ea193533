//! Timeouts and retries of rules.

use std::fmt;
use std::num::NonZeroU32;

use gateway_model::{Duration, HttpRetry, HttpRule, HttpTimeouts, Source};

use crate::ir::{Failures, Retry, RuleSettings, Sourced};

/// Attempts beyond the first, where a retry does not say how many.
const DEFAULT_ATTEMPTS: NonZeroU32 = NonZeroU32::MIN;

/// The least time between two attempts, where a retry does not say: long enough for a backend that
/// has reset a connection to take the next.
const DEFAULT_BACKOFF: std::time::Duration = std::time::Duration::from_millis(25);

/// The settings of the rule that `source` has at `field`.
pub(crate) fn settings(
    rule: &HttpRule,
    field: fmt::Arguments<'_>,
    source: &Source,
) -> RuleSettings {
    let timeouts = rule.timeouts.clone().unwrap_or_default();
    let HttpTimeouts {
        request,
        backend_request,
    } = timeouts;
    let at = |name: &str| format!("{field}.{name}");
    let limit = |span: Option<Duration>, name| {
        let span = span?.to_std();
        Some(Box::new(Sourced::new(span, at(name), source.clone())))
    };
    let retry = rule.retry.as_ref().map(retry);
    RuleSettings {
        request_timeout: limit(request, "timeouts.request"),
        backend_request_timeout: limit(backend_request, "timeouts.backendRequest"),
        retry: retry.map(|retry| Box::new(Sourced::new(retry, at("retry"), source.clone()))),
        ..RuleSettings::default()
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
        max_backoff: None,
        attempt_timeout: None,
        failures: Failures::default(),
    }
}
