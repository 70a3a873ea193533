//! Sharing with other origins.

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, CorsMergeStrategy};
use gateway_model::{HeaderName, Method};

use crate::ir::{CorsMerge, CorsPolicy, CorsRules, OriginPattern, Pattern};

use super::invalid;

/// What a route says.
pub(crate) fn cors(written: &values::Cors) -> Result<CorsPolicy, FieldError> {
    let on = host_cors(written)?;
    Ok(match written.disable_for_route {
        true => CorsPolicy::Off,
        false => on,
    })
}

/// How what routes say goes together with what their host says.
pub(crate) fn cors_merge(written: &values::CorsMergeSettings) -> CorsMerge {
    CorsMerge {
        unites_exposed_headers: written.expose_headers == CorsMergeStrategy::Union,
    }
}

/// What a virtual host says; it cannot be off for a route.
pub(crate) fn host_cors(written: &values::Cors) -> Result<CorsPolicy, FieldError> {
    if written.allow_origin.is_empty() && written.allow_origin_regex.is_empty() {
        let message = "must provide at least one of AllowOrigin or AllowOriginRegex";
        return Err(FieldError::new(message));
    }
    let origins = written
        .allow_origin
        .iter()
        .map(|origin| match origin.as_str() {
            "*" => OriginPattern::Any,
            exact => OriginPattern::Exact(exact.into()),
        });
    let patterns = written.allow_origin_regex.iter().map(|regex| {
        let pattern = Pattern::new(regex).map_err(invalid);
        pattern.map_err(|error| error.within("allowOriginRegex"))
    });
    let patterns: Vec<_> = patterns.collect::<Result<_, _>>()?;
    let max_age = match written.max_age.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            FieldError::new(format!(
                "maxAge: expected a number of seconds, found {text:?}"
            ))
        })?),
    };
    Ok(CorsPolicy::On(CorsRules {
        allow_origins: origins
            .chain(patterns.into_iter().map(OriginPattern::Regex))
            .collect(),
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
