//! Buffering and rate limits.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::values;
use gateway_model::k8s_gateway::{FieldError, Options};

use crate::ir::{Buffer, LocalRateLimit, Origin, RateLimitDescriptors, Sourced};

use super::super::merge::Merged;
use super::descriptors::descriptors;
use super::{Outcome, Read, check, unserved, when_read};

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

/// What limits the rate of a rule or host.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    /// A bucket of its own.
    pub(crate) local: Option<LocalRateLimit>,
    /// What a server is told.
    pub(crate) told: Option<RateLimitDescriptors>,
}

/// The limits of a rule or host; RateLimitConfigs are not honoured.
pub(crate) fn rate_limits(written: &values::RateLimit) -> Result<RateLimits, FieldError> {
    let values::RateLimit::Own(limits) = written else {
        return Ok(RateLimits::default());
    };
    let local = limits.local_ratelimit.as_ref().map(bucket).transpose();
    Ok(RateLimits {
        local: local.map_err(|error| error.within("localRatelimit"))?,
        told: descriptors(limits)?,
    })
}

/// Puts them into the settings of a level.
pub(crate) fn set_rate_limits<O: Options>(
    (local, told, beside): RateLimitSlots<'_>,
    merged: &Merged<O>,
    field: &Read<values::RateLimit>,
) {
    when_read(field, |field, written| {
        let limits = rate_limits(written)?;
        if limits.local.is_none() && limits.told.is_none() {
            beside.push(merged.origin(field));
        }
        *local = limits.local.map(|limit| merged.sourced(field, limit));
        *told = limits.told.map(|told| merged.sourced(field, told));
        Ok(())
    });
}

/// Where the limits of a level go.
pub(crate) type RateLimitSlots<'a> = (
    &'a mut Option<Box<Sourced<LocalRateLimit>>>,
    &'a mut Option<Box<Sourced<RateLimitDescriptors>>>,
    &'a mut Vec<Origin>,
);

/// What is wrong with them.
pub(crate) fn rate_limit_problems(field: &Read<values::RateLimit>) -> Option<Outcome> {
    let read = field.as_ref().and_then(|field| field.read.as_ref().ok());
    match read {
        Some(values::RateLimit::Configs(_)) => unserved(field),
        _ => check(field, rate_limits),
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
