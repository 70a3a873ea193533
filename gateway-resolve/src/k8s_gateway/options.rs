//! What options come to, for whichever level: values of the IR, or what is wrong with them.

use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::Duration;

use gateway_model::k8s_gateway::values::{self, HostRewrite, Retries};
use gateway_model::k8s_gateway::{Field, FieldError, Options};
use gateway_model::{HeaderName, HeaderValue, Method};

use crate::ir::{
    Abort, AddedHeader, Buffer, Cors, Csrf, Delay, Failures, Fault, Format, Fraction,
    HeaderChanges, HeaderManipulation, LocalRateLimit, OriginPattern, Pattern, Retry, Sourced,
    TextMatch, TextMatchKind,
};

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

/// What is wrong with an option beyond its form.
pub(super) fn check<T, V>(
    field: &Read<T>,
    check: impl FnOnce(&T) -> Result<V, FieldError>,
) -> Option<Outcome> {
    let field = field.as_ref()?;
    let error = check(field.read.as_ref().ok()?).err()?;
    Some(Outcome {
        field: at(field.name, &error.path),
        message: error.message.to_string(),
        refused: true,
    })
}

/// An option that nothing serves yet.
pub(super) fn unserved<T>(field: &Read<T>) -> Option<Outcome> {
    let field = field.as_ref()?;
    Some(not_honoured(at(field.name, "")))
}

fn not_honoured(field: String) -> Outcome {
    Outcome {
        field,
        message: "is known, and not honoured here".to_owned(),
        refused: false,
    }
}

fn at(name: &str, path: &str) -> String {
    match path {
        "" => format!("spec.options.{name}"),
        path => format!("spec.options.{name}.{path}"),
    }
}

/// What is wrong with the form of options, and which are not honoured.
pub(super) fn problems<O: Options>(options: &O) -> Vec<Outcome> {
    let mut found = Vec::new();
    for field in (0..O::TABLE.len()).filter_map(|index| options.field(index)) {
        found.extend(field.error.map(|error| Outcome {
            field: at(field.name, &error.path),
            message: error.message.to_string(),
            refused: true,
        }));
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

/// Faults that can be injected.
pub(super) fn faults(written: &values::Faults) -> Result<Fault, FieldError> {
    let values::Faults { abort, delay } = written;
    let abort = abort.as_ref().map(|abort| {
        let status = u16::try_from(abort.http_status).ok();
        let status = status.filter(|status| (200..600).contains(status));
        let status = status.and_then(NonZeroU16::new).ok_or_else(|| {
            FieldError::new(format!(
                "invalid abort status code '{}', must be in range of [200,600)",
                abort.http_status
            ))
        })?;
        let share = percentage(abort.percentage, "abort percentage")?;
        Ok(Abort { status, share })
    });
    let delay = delay.as_ref().map(|delay| {
        let time = delay.fixed_delay.map_or(Duration::ZERO, |span| span.0);
        if time.as_secs() == 0 {
            let message = format!("invalid delay duration {time:?}, must be greater than 0");
            return Err(FieldError::new(message));
        }
        let share = percentage(delay.percentage, "delay percentage")?;
        Ok(Delay { time, share })
    });
    Ok(Fault {
        delay: delay.transpose()?,
        abort: abort.transpose()?,
    })
}

/// CSRF protection. Without a share it holds nobody to it.
pub(super) fn csrf(written: &values::Csrf) -> Result<Csrf, FieldError> {
    let share = written
        .filter_enabled
        .as_ref()
        .map(|share| share.default_value);
    let share = share.unwrap_or_default();
    let whole = share.denominator.get();
    let additional = written.additional_origins.iter().map(text_match);
    Ok(Csrf {
        share: Fraction {
            numerator: share.numerator.min(whole),
            denominator: NonZeroU32::new(whole).unwrap_or(NonZeroU32::MIN),
        },
        additional_origins: additional.collect::<Result<_, _>>()?,
    })
}

fn text_match(written: &values::StringMatch) -> Result<TextMatch, FieldError> {
    use values::StringMatch as Written;
    let (kind, ignores_case) = match written {
        Written::Exact { text, ignore_case } => {
            (TextMatchKind::Exact(text.as_str().into()), *ignore_case)
        }
        Written::Prefix { text, ignore_case } => {
            (TextMatchKind::Prefix(text.as_str().into()), *ignore_case)
        }
        Written::Suffix { text, ignore_case } => {
            (TextMatchKind::Suffix(text.as_str().into()), *ignore_case)
        }
        Written::Regex(regex) => {
            let pattern = Pattern::new(&regex.regex);
            let pattern = pattern.map_err(|error| FieldError::new(error.to_string()))?;
            (TextMatchKind::Pattern(pattern), false)
        }
        _ => return Err(FieldError::new("the type of the match is not supported")),
    };
    Ok(TextMatch { kind, ignores_case })
}

/// Buffering of one route or virtual host.
pub(super) fn buffer_per_route(written: &values::BufferPerRoute) -> Result<Buffer, FieldError> {
    match (written.disabled, &written.buffer) {
        (Some(true), _) => Ok(Buffer::Disabled),
        (_, Some(own)) => buffer(own),
        (_, None) => Err(FieldError::new(
            "expected disabled or buffer, found neither",
        )),
    }
}

/// Buffering up to a size.
pub(super) fn buffer(written: &values::Buffer) -> Result<Buffer, FieldError> {
    let missing = || FieldError::new("maxRequestBytes: expected a size, found none");
    written
        .max_request_bytes
        .map(Buffer::UpTo)
        .ok_or_else(missing)
}

/// The bucket of a rate limit.
pub(super) fn rate_limit(written: &values::RateLimit) -> Result<LocalRateLimit, FieldError> {
    match written {
        values::RateLimit::Own(limits) => match &limits.local_ratelimit {
            Some(limit) => bucket(limit),
            None => Err(FieldError::new("only localRatelimit is honoured here")),
        },
        _ => Err(FieldError::new("rateLimitConfigs are not honoured here")),
    }
}

/// The bucket of a listener.
pub(super) fn http_rate_limit(
    written: &values::HttpLocalRateLimit,
) -> Result<LocalRateLimit, FieldError> {
    let missing = || FieldError::new("defaultLimit: expected a limit, found none");
    bucket(written.default_limit.as_ref().ok_or_else(missing)?)
}

/// Envoy takes no interval below this one.
const LEAST_INTERVAL: Duration = Duration::from_millis(50);

fn bucket(written: &values::LocalRateLimit) -> Result<LocalRateLimit, FieldError> {
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

/// Retries.
pub(super) fn retry(written: &Retries) -> Result<Retry, FieldError> {
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

/// A host that is given as it is.
pub(super) fn literal_host(host: &HostRewrite) -> Result<HeaderValue, FieldError> {
    match host {
        HostRewrite::HostRewrite(host) => {
            HeaderValue::new(host).map_err(|error| FieldError::new(error.to_string()))
        }
        _ => Err(FieldError::new(
            "only a host that is given as it is can be honoured here",
        )),
    }
}

/// Changes to the headers of requests and of responses.
pub(super) fn header_manipulation(
    written: &values::HeaderManipulation,
) -> Result<HeaderManipulation, FieldError> {
    let values::HeaderManipulation {
        request_headers_to_add,
        request_headers_to_remove,
        response_headers_to_add,
        response_headers_to_remove,
    } = written;
    let request = request_headers_to_add.iter();
    if request
        .clone()
        .any(|added| added.header_secret_ref.is_some())
    {
        return Err(FieldError::new("headers of Secrets are not honoured here"));
    }
    let request = request.map(|added| (added.header.as_ref(), added.append));
    let response = response_headers_to_add.iter();
    let response = response.map(|added| (added.header.as_ref(), added.append));
    Ok(HeaderManipulation {
        request: changes(request, request_headers_to_remove, of_request)?,
        response: changes(response, response_headers_to_remove, of_response)?,
    })
}

fn of_request(key: &str) -> Option<String> {
    let is_reserved = key.starts_with(':') || key.eq_ignore_ascii_case("host");
    is_reserved.then(|| {
        format!(": -prefixed or host headers may not be modified. Received '{key}' header")
    })
}

fn of_response(key: &str) -> Option<String> {
    match key.starts_with(':') {
        true => Some(format!(":-prefixed headers cannot be set: '{key}'")),
        false if key.eq_ignore_ascii_case("host") => {
            Some("cannot set Host header in response headers".to_owned())
        }
        false => None,
    }
}

fn changes<'a>(
    added: impl Iterator<Item = (Option<&'a values::HeaderPair>, Option<bool>)>,
    removed: &[String],
    refusal: impl Fn(&str) -> Option<String>,
) -> Result<HeaderChanges, FieldError> {
    let one = |(pair, append): (Option<&values::HeaderPair>, Option<bool>)| {
        let values::HeaderPair { key, value } = pair.cloned().unwrap_or_default();
        if let Some(message) = refusal(&key) {
            return Err(FieldError::new(message));
        }
        let name = HeaderName::new(&key).map_err(|error| FieldError::new(error.to_string()))?;
        let value = Format::new(&value).map_err(|error| FieldError::new(error.to_string()))?;
        Ok(AddedHeader {
            name,
            value,
            append: append.unwrap_or(true),
        })
    };
    Ok(HeaderChanges {
        add: added.map(one).collect::<Result<_, _>>()?,
        remove: removed
            .iter()
            .filter_map(|name| HeaderName::new(name).ok())
            .collect(),
    })
}

/// CORS; `None` when it is off.
pub(super) fn cors(written: &values::Cors) -> Result<Option<Cors>, FieldError> {
    if written.allow_origin.is_empty() && written.allow_origin_regex.is_empty() {
        let message = "must provide at least one of AllowOrigin or AllowOriginRegex";
        return Err(FieldError::new(message));
    }
    if !written.allow_origin_regex.is_empty() {
        return Err(FieldError::new("allowOriginRegex is not honoured here"));
    }
    if written.disable_for_route {
        return Ok(None);
    }
    let origins = written
        .allow_origin
        .iter()
        .map(|origin| match origin.as_str() {
            "*" => OriginPattern::Any,
            exact => OriginPattern::Exact(exact.into()),
        });
    let max_age = match written.max_age.as_str() {
        "" => NonZeroU32::MIN.saturating_add(4),
        text => text.parse().map_err(|_| {
            FieldError::new(format!(
                "maxAge: expected a number of seconds, found {text:?}"
            ))
        })?,
    };
    Ok(Some(Cors {
        allow_origins: origins.collect(),
        allow_credentials: written.allow_credentials,
        allow_methods: listed(&written.allow_methods, Method::new)?,
        allow_headers: listed(&written.allow_headers, HeaderName::new)?,
        expose_headers: listed(&written.expose_headers, HeaderName::new)?,
        max_age,
    }))
}

/// Names, of which `*` stands for all.
fn listed<T>(
    names: &[String],
    read: impl Fn(&str) -> Result<T, gateway_model::Invalid>,
) -> Result<Vec<Option<T>>, FieldError> {
    let one = |name: &String| match name.as_str() {
        "*" => Ok(None),
        name => read(name).map(Some),
    };
    let all: Result<Vec<_>, _> = names.iter().map(one).collect();
    all.map_err(|error| FieldError::new(error.to_string()))
}
