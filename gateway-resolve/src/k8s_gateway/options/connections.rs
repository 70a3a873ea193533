//! Connections, and what is answered without a backend.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values;

use crate::ir::{ConnectionLimit, HealthAnswer, LocalRateLimit, RegisteredMethods};

/// What is answered without a backend.
pub(crate) fn health_answer(written: &values::HealthCheck) -> Result<HealthAnswer, FieldError> {
    match written.path.as_str() {
        "" => Err(FieldError::new("health check path cannot be \"\"")),
        path => Ok(HealthAnswer {
            target: path.into(),
        }),
    }
}

/// How many connections may be open; `None`: as many as come.
pub(crate) fn connection_limit(
    written: &values::ConnectionLimit,
) -> Result<Option<ConnectionLimit>, FieldError> {
    let Some(limit) = written.max_active_connections else {
        return Ok(None);
    };
    let none = || FieldError::new("maxActiveConnections: expected at least 1, found 0");
    Ok(Some(ConnectionLimit {
        connections: NonZeroU32::new(limit).ok_or_else(none)?,
        delay: written
            .delay_before_close
            .map_or(Duration::ZERO, |span| span.0),
    }))
}

/// The bucket of a listener's connections.
pub(crate) fn connection_rate_limit(
    written: &values::LocalRateLimit,
) -> Result<LocalRateLimit, FieldError> {
    super::limits::bucket(written)
}

/// Do methods have to be registered?
pub(crate) fn registered_methods(written: &values::HeaderValidation) -> Option<RegisteredMethods> {
    match written.disable_http1_method_validation {
        None => Some(RegisteredMethods {}),
        Some(values::Empty {}) => None,
    }
}
