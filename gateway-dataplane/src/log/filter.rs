//! Which requests are written down.

use gateway_resolve::ir::{Fraction, HeaderValueMatch, LogFilter};

use super::LogSubject;
use super::flags::flags;
use super::subject::Outcome;
use crate::forward::entropy::random;
use crate::observe::Reason;

pub(super) fn takes(filter: &LogFilter, subject: &LogSubject<'_>) -> bool {
    match filter {
        LogFilter::Status(comparison) => {
            let status = subject.status.map_or(0, |status| status.as_u16().into());
            comparison.takes(status)
        }
        LogFilter::Duration(comparison) => {
            let milliseconds = subject.duration.as_millis();
            comparison.takes(u64::try_from(milliseconds).unwrap_or(u64::MAX))
        }
        LogFilter::NotHealthCheck => {
            !matches!(subject.outcome, Outcome::Request(Some(Reason::Health), _))
        }
        LogFilter::Sampled(Fraction {
            numerator,
            denominator,
        }) => random() % u64::from(denominator.get()) < u64::from(*numerator),
        LogFilter::All(filters) => filters.iter().all(|filter| takes(filter, subject)),
        LogFilter::Any(filters) => filters.iter().any(|filter| takes(filter, subject)),
        LogFilter::Header {
            name,
            value,
            inverted,
        } => {
            let found = subject.request_header(name.as_http());
            let matches = match value {
                None => found.is_some(),
                Some(value) => found.is_some_and(|found| meets(value, found)),
            };
            matches != *inverted
        }
        LogFilter::Flags(wanted) => flags(subject.outcome)
            .is_some_and(|flag| wanted.is_empty() || wanted.iter().any(|wanted| **wanted == *flag)),
        LogFilter::GrpcStatus { statuses, inverted } => {
            let status = subject.grpc_status();
            status.is_some_and(|status| statuses.contains(&status)) != *inverted
        }
        // Nothing is traced.
        LogFilter::Traced => false,
    }
}

fn meets(wanted: &HeaderValueMatch, value: &str) -> bool {
    match wanted {
        HeaderValueMatch::Text(wanted) => wanted.matches(value),
        HeaderValueMatch::Range(start, end) => {
            let number = value.parse::<i64>();
            number.is_ok_and(|number| (*start..*end).contains(&number))
        }
    }
}
