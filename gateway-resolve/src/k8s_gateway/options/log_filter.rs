//! Of which requests it is written what became of them.

use std::num::NonZeroU32;

use gateway_model::HeaderName;
use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, AccessLogFilter, ComparisonOp};
use serde_json::Value;

use crate::ir::{
    Comparison, Fraction, HeaderValueMatch, LogFilter, Pattern, TextMatch, TextMatchKind,
};

use super::invalid;

/// One of a filter's fields.
type Field<'a> = (&'static str, Option<Result<LogFilter, FieldError>>);

pub(super) fn log_filter(written: &AccessLogFilter) -> Result<LogFilter, FieldError> {
    let AccessLogFilter {
        status_code_filter,
        duration_filter,
        not_health_check_filter,
        traceable_filter,
        runtime_filter,
        and_filter,
        or_filter,
        header_filter,
        response_flag_filter,
        grpc_status_filter,
    } = written;
    let compared = |filter: &Option<values::ComparisonFilter>| filter.as_ref().map(comparison);
    let fields: [Field<'_>; 10] = [
        (
            "statusCodeFilter",
            compared(status_code_filter).map(|read| read.map(LogFilter::Status)),
        ),
        (
            "durationFilter",
            compared(duration_filter).map(|read| read.map(LogFilter::Duration)),
        ),
        (
            "notHealthCheckFilter",
            not_health_check_filter.map(|_| Ok(LogFilter::NotHealthCheck)),
        ),
        (
            "traceableFilter",
            traceable_filter.map(|_| Ok(LogFilter::Traced)),
        ),
        ("runtimeFilter", runtime_filter.as_ref().map(sampled)),
        (
            "andFilter",
            and_filter
                .as_ref()
                .map(|all| filters(all).map(LogFilter::All)),
        ),
        (
            "orFilter",
            or_filter
                .as_ref()
                .map(|all| filters(all).map(LogFilter::Any)),
        ),
        ("headerFilter", header_filter.as_ref().map(header)),
        (
            "responseFlagFilter",
            response_flag_filter.as_ref().map(flags),
        ),
        (
            "grpcStatusFilter",
            grpc_status_filter.as_ref().map(grpc_status),
        ),
    ];
    let mut set = fields
        .into_iter()
        .filter_map(|(name, read)| Some((name, read?)));
    match (set.next(), set.next()) {
        (Some((name, read)), None) => read.map_err(|error| error.within(name)),
        (Some((first, _)), Some((second, _))) => {
            let message = format!("expected one filter, found {first} and {second}");
            Err(FieldError::new(message))
        }
        (None, _) => Err(FieldError::new("expected a filter, found none")),
    }
}

fn filters(written: &values::Filters) -> Result<Vec<LogFilter>, FieldError> {
    if written.filters.len() < 2 {
        return Err(FieldError::new("expected at least two filters").within("filters"));
    }
    written.filters.iter().map(log_filter).collect()
}

/// Envoy has a number only with a name under which it can be told another.
fn comparison(written: &values::ComparisonFilter) -> Result<Comparison, FieldError> {
    let comparison = written.comparison.as_ref();
    let value = comparison.and_then(|comparison| comparison.value.as_ref());
    let (Some(comparison), Some(value)) = (comparison, value) else {
        return Err(FieldError::new("expected a comparison with a value"));
    };
    if value.runtime_key.is_empty() {
        let error = FieldError::new("runtimeKey: expected a name, found none");
        return Err(error.within("value").within("comparison"));
    }
    let number = value.default_value;
    Ok(match comparison.op {
        ComparisonOp::Ge => Comparison::AtLeast(number),
        ComparisonOp::Le => Comparison::AtMost(number),
        _ => Comparison::Is(number),
    })
}

fn sampled(written: &values::RuntimeFilter) -> Result<LogFilter, FieldError> {
    if written.runtime_key.is_empty() {
        return Err(FieldError::new("runtimeKey: expected a name, found none"));
    }
    let share = written.percent_sampled.unwrap_or_default();
    let whole = share.denominator.get();
    Ok(LogFilter::Sampled(Fraction {
        numerator: share.numerator.min(whole),
        denominator: NonZeroU32::new(whole).unwrap_or(NonZeroU32::MIN),
    }))
}

fn header(written: &values::HeaderFilter) -> Result<LogFilter, FieldError> {
    let missing = || FieldError::new("expected a header, found none");
    let written = written.header.as_ref().ok_or_else(missing)?;
    let text = |kind| {
        Some(HeaderValueMatch::Text(TextMatch {
            kind,
            ignores_case: false,
        }))
    };
    let exact = written
        .exact_match
        .as_deref()
        .map(|text| TextMatchKind::Exact(text.into()));
    let prefix = written
        .prefix_match
        .as_deref()
        .map(|text| TextMatchKind::Prefix(text.into()));
    let suffix = written
        .suffix_match
        .as_deref()
        .map(|text| TextMatchKind::Suffix(text.into()));
    let regex = written.safe_regex_match.as_ref();
    let pattern = regex
        .map(|regex| Pattern::new(&regex.regex).map_err(invalid))
        .transpose()?;
    let kind = exact
        .or(prefix)
        .or(suffix)
        .or(pattern.map(TextMatchKind::Pattern));
    let range = written.range_match.as_ref();
    let range = range.map(|range| HeaderValueMatch::Range(range.start.0, range.end.0));
    Ok(LogFilter::Header {
        name: HeaderName::new(&written.name).map_err(invalid)?,
        value: kind.and_then(text).or(range),
        inverted: written.invert_match != (written.present_match == Some(false)),
    })
}

fn flags(written: &values::ResponseFlagFilter) -> Result<LogFilter, FieldError> {
    let flags = written.flags.iter();
    Ok(LogFilter::Flags(
        flags.map(|flag| flag.as_str().into()).collect(),
    ))
}

/// The statuses of gRPC, by number.
const STATUSES: [&str; 17] = [
    "OK",
    "CANCELED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

fn grpc_status(written: &values::GrpcStatusFilter) -> Result<LogFilter, FieldError> {
    let number = |status: &Value| {
        let number = match status {
            Value::String(name) => STATUSES.iter().position(|known| known == name),
            number => number
                .as_u64()
                .and_then(|number| usize::try_from(number).ok()),
        };
        let number = number.filter(|number| *number < STATUSES.len());
        let unknown = || FieldError::new(format!("expected a status of gRPC, found {status}"));
        number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(unknown)
    };
    Ok(LogFilter::GrpcStatus {
        statuses: written
            .statuses
            .iter()
            .map(number)
            .collect::<Result<_, _>>()?,
        inverted: written.exclude,
    })
}
