//! Buffering and rate limits.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values;

use crate::ir::{Buffer, LocalRateLimit};

/// Buffering of one route or virtual host.
pub(crate) fn buffer_per_route(written: &values::BufferPerRoute) -> Result<Buffer, FieldError> {
    match (written.disabled, &written.buffer) {
        (Some(true), _) => Ok(Buffer::Disabled),
        (_, Some(own)) => buffer(own),
        (_, None) => Err(FieldError::new(
            "expected disabled or buffer, found neither",
        )),
    }
}

/// Buffering up to a size.
pub(crate) fn buffer(written: &values::Buffer) -> Result<Buffer, FieldError> {
    let missing = || FieldError::new("maxRequestBytes: expected a size, found none");
    written
        .max_request_bytes
        .map(Buffer::UpTo)
        .ok_or_else(missing)
}

/// The bucket of a rate limit.
pub(crate) fn rate_limit(written: &values::RateLimit) -> Result<LocalRateLimit, FieldError> {
    match written {
        values::RateLimit::Own(limits) => match &limits.local_ratelimit {
            Some(limit) => bucket(limit),
            None => Err(FieldError::new("only localRatelimit is honoured here")),
        },
        _ => Err(FieldError::new("rateLimitConfigs are not honoured here")),
    }
}

/// The bucket of a listener.
pub(crate) fn http_rate_limit(
    written: &values::HttpLocalRateLimit,
) -> Result<LocalRateLimit, FieldError> {
    let missing = || FieldError::new("defaultLimit: expected a limit, found none");
    bucket(written.default_limit.as_ref().ok_or_else(missing)?)
}

/// Envoy takes no interval below this one.
const LEAST_INTERVAL: Duration = Duration::from_millis(50);

pub(super) fn bucket(written: &values::LocalRateLimit) -> Result<LocalRateLimit, FieldError> {
    let values::LocalRateLimit {
        max_tokens,
        tokens_per_fill,
        fill_interval,
    } = written;
    let interval = fill_interval.map_or(Duration::from_secs(1), |span| span.0);
    let positive = |number: u32, what: &str| {
        let message = format!("{what}: expected at least 1, found {number}");
        NonZeroU32::new(number).ok_or_else(|| FieldError::new(message))
    };
    if interval < LEAST_INTERVAL {
        let message = format!("fillInterval: expected at least 50ms, found {interval:?}");
        return Err(FieldError::new(message));
    }
    Ok(LocalRateLimit {
        tokens: positive(*max_tokens, "maxTokens")?,
        refill: positive(tokens_per_fill.unwrap_or(1), "tokensPerFill")?,
        interval,
    })
}
