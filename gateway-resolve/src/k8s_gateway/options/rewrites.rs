//! Paths and hosts that are rewritten.

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{HostRewrite, RegexRewrite};
use gateway_model::{HeaderName, HeaderValue};

use crate::ir::{Captures, HostChange, PathChange, Substitution};

use super::invalid;

/// What takes the place of what matched of a path; `None` when that is nothing.
pub(crate) fn prefix_rewrite(with: &str) -> Option<PathChange> {
    (!with.is_empty()).then(|| PathChange::Matched(with.into()))
}

/// What is replaced in a path.
pub(crate) fn regex_rewrite(written: &RegexRewrite) -> Result<PathChange, FieldError> {
    substitution(written).map(PathChange::Pattern)
}

/// Which host backends are asked for; `None` for the one that the client asked for.
pub(crate) fn host_rewrite(written: &HostRewrite) -> Result<Option<HostChange>, FieldError> {
    match written {
        HostRewrite::HostRewrite(host) => {
            let host = HeaderValue::new(host).map_err(invalid)?;
            Ok(Some(HostChange::To(host)))
        }
        HostRewrite::HostRewriteHeader(name) => {
            let name = HeaderName::new(name).map_err(invalid)?;
            Ok(Some(HostChange::Header(name)))
        }
        HostRewrite::HostRewritePathRegex(written) => {
            substitution(written).map(HostChange::Path).map(Some)
        }
        // Which that is depends on the backend.
        HostRewrite::AutoHostRewrite(_) => Ok(None),
        _ => Err(FieldError::new("is not honoured here")),
    }
}

fn substitution(written: &RegexRewrite) -> Result<Substitution, FieldError> {
    let pattern = Captures::new(&written.pattern.regex).map_err(invalid);
    Ok(Substitution {
        pattern: pattern.map_err(|error| error.within("pattern.regex"))?,
        with: written.substitution.as_str().into(),
    })
}
