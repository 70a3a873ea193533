//! What went wrong, in the words of Envoy.

use http::StatusCode;

use super::subject::Outcome;
use crate::backend::BackendErrorKind;
use crate::observe::{Ended, Reason, StreamEnded};

/// Its letters for what went wrong; none, if nothing did.
pub(super) fn flags(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Stream(StreamEnded::Complete) => None,
        Outcome::Stream(StreamEnded::Cut) => Some("UC"),
        Outcome::Stream(StreamEnded::Refused) => Some("NR"),
        Outcome::Stream(StreamEnded::Failed(kind)) => of_failure(kind),
        Outcome::Request(Some(reason), ended) => of_reason(reason).or(of_end(ended)),
        Outcome::Request(None, ended) => of_end(ended),
    }
}

fn of_end(ended: Ended) -> Option<&'static str> {
    match ended {
        Ended::Complete => None,
        Ended::ClientGone => Some("DC"),
        Ended::TimedOut => Some("UT"),
        _ => Some("UC"),
    }
}

fn of_reason(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::NoRoute(_) => Some("NR"),
        Reason::Refused => Some("NC"),
        Reason::Fault => Some("FI"),
        Reason::RateLimited => Some("RL"),
        Reason::Denied | Reason::Unauthorized => Some("UAEX"),
        Reason::Invalid => Some("DPE"),
        Reason::Failed(kind) => of_failure(kind),
        _ => None,
    }
}

fn of_failure(kind: BackendErrorKind) -> Option<&'static str> {
    Some(match kind {
        BackendErrorKind::NoEndpoint => "UH",
        BackendErrorKind::Connect | BackendErrorKind::Untrusted => "UF",
        BackendErrorKind::Full | BackendErrorKind::OverBudget => "UO",
        BackendErrorKind::Local => "LH",
        BackendErrorKind::Broken => "UC",
        BackendErrorKind::Refused => "UR",
        BackendErrorKind::Exhausted => "URX",
        BackendErrorKind::Protocol => "UPE",
        BackendErrorKind::Timeout => "UT",
        BackendErrorKind::Request => "DPE",
        _ => "SI",
    })
}

/// Why a response has its status.
pub(super) fn details(outcome: Outcome, status: Option<StatusCode>) -> Option<&'static str> {
    let Outcome::Request(reason, _) = outcome else {
        return None;
    };
    let reason = reason?;
    Some(match reason {
        Reason::Backend => "via_upstream",
        Reason::Rule | Reason::Redirect => "direct_response",
        Reason::NoRoute(_) => "route_not_found",
        Reason::Health => "health_check_ok",
        Reason::Failed(BackendErrorKind::NoEndpoint) => "no_healthy_upstream",
        Reason::Failed(BackendErrorKind::Timeout)
            if status == Some(StatusCode::GATEWAY_TIMEOUT) =>
        {
            "response_timeout"
        }
        Reason::RateLimited => "request_rate_limited",
        Reason::Fault => "fault_filter_abort",
        Reason::Csrf => "csrf_origin_mismatch",
        Reason::TooLarge => "request_payload_too_large",
        other => other.as_str(),
    })
}
