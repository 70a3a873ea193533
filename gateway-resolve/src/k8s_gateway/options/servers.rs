//! Servers that are asked about requests.

use std::num::NonZeroU16;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, ExtAuth, ExtAuthServer, ResourceRef};
use gateway_model::{HeaderName, HeaderValue};

use crate::ir::{
    Authorization, AuthorizationProtocol, Authorized, ForwardedBody, GrpcAuthorization,
    HttpAuthorization, Named, Pattern, RateLimitServer, Target, Unanswered,
};

use super::invalid;

/// Whether the server of the listener is asked; `None` leaves it to a less specific level.
pub(crate) fn authorized(written: &ExtAuth) -> Option<Authorized> {
    match written {
        ExtAuth::Disable(true) => Some(Authorized::No),
        ExtAuth::Custom(custom) => {
            let told = custom.context_extensions.iter();
            let told = told.map(|(key, value)| (key.as_str().into(), value.as_str().into()));
            Some(Authorized::ByListener(told.collect()))
        }
        _ => None,
    }
}

const TIMEOUT: Duration = Duration::from_millis(200);
const BODY: u32 = 4 << 10;
const FORBIDDEN: NonZeroU16 = NonZeroU16::new(403).expect("403 is not zero");

/// The server that is asked whether requests may pass; `target` finds it.
pub(crate) fn authorizer(
    written: &ExtAuthServer,
    target: impl FnOnce(&ResourceRef) -> Target,
) -> Result<Authorization, FieldError> {
    let missing = || FieldError::new("expected a server, found none").within("extauthzServerRef");
    let server = written.extauthz_server_ref.as_ref().ok_or_else(missing)?;
    let protocol = match &written.http_service {
        Some(http) => AuthorizationProtocol::Http(
            over_http(http).map_err(|error| error.within("httpService"))?,
        ),
        None => AuthorizationProtocol::Grpc(over_grpc(written)),
    };
    let user = match written.user_id_header.as_str() {
        "" => "x-user-id",
        name => name,
    };
    Ok(Authorization {
        protocol,
        body: written.request_body.as_ref().map(|body| ForwardedBody {
            limit: match body.max_request_bytes {
                0 => BODY,
                limit => limit,
            },
            partial: body.allow_partial_message,
        }),
        timeout: Some(written.request_timeout.map_or(TIMEOUT, |limit| limit.0)),
        unanswered: unanswered(written)?,
        reserved: vec![
            HeaderName::new(user).map_err(|error| invalid(error).within("userIdHeader"))?,
        ],
        reroutes: written.clear_route_cache,
        server: target(server),
    })
}

fn unanswered(written: &ExtAuthServer) -> Result<Unanswered, FieldError> {
    if written.failure_mode_allow {
        return Ok(Unanswered::Admit);
    }
    let status = match written.status_on_error {
        0 => Some(FORBIDDEN),
        status => u16::try_from(status)
            .ok()
            .filter(|status| (200..600).contains(status))
            .and_then(NonZeroU16::new),
    };
    let message = format!("expected a status, found {}", written.status_on_error);
    let status = status.ok_or_else(|| FieldError::new(message).within("statusOnError"))?;
    Ok(Unanswered::Refuse(status))
}

fn over_grpc(written: &ExtAuthServer) -> GrpcAuthorization {
    let body = written.request_body.as_ref();
    GrpcAuthorization {
        headers: Named::All,
        context: Vec::new(),
        raw_body: body.is_some_and(|body| body.pack_as_bytes),
        authority: authority(written.grpc_service.as_ref()),
    }
}

/// What clients get of a refusal, beside the headers that are listed.
const ALWAYS_TOLD: [&str; 2] = ["www-authenticate", "location"];

fn over_http(written: &values::ExtAuthHttp) -> Result<HttpAuthorization, FieldError> {
    let values::ExtAuthHttp {
        path_prefix,
        request,
        response,
    } = written;
    let patterns = request.allowed_headers_regex.iter();
    let patterns = patterns.map(|pattern| Pattern::new(pattern).map_err(invalid));
    let added = request.headers_to_add.iter().map(|(name, value)| {
        let name = HeaderName::new(name).map_err(invalid)?;
        Ok((name, HeaderValue::new(value).map_err(invalid)?))
    });
    let told = match response.allowed_client_headers.as_slice() {
        [] => Named::All,
        listed => {
            let always = ALWAYS_TOLD.map(str::to_owned);
            Named::Only(names(&[listed, &always].concat())?)
        }
    };
    Ok(HttpAuthorization {
        prefix: path_prefix.trim_end_matches('/').into(),
        headers: names(&request.allowed_headers)?,
        header_patterns: patterns.collect::<Result<_, FieldError>>()?,
        added: added.collect::<Result<_, FieldError>>()?,
        to_backend: Named::Only(names(&response.allowed_upstream_headers)?),
        appended: names(&response.allowed_upstream_headers_to_append)?,
        to_client: told,
    })
}

fn names(written: &[String]) -> Result<Vec<HeaderName>, FieldError> {
    let name = |name: &String| HeaderName::new(name).map_err(invalid);
    written.iter().map(name).collect()
}

fn authority(written: Option<&values::GrpcService>) -> Option<Box<str>> {
    let authority = written?.authority.as_str();
    (!authority.is_empty()).then(|| authority.into())
}

/// What K8sGateway's own limits are known by to the server.
const DOMAIN: &str = "custom";
const RATE_LIMIT_TIMEOUT: Duration = Duration::from_millis(100);

/// The server that counts requests; `target` finds it.
pub(crate) fn rate_limit_server(
    written: &values::RateLimitServer,
    target: impl FnOnce(&ResourceRef) -> Target,
) -> Result<RateLimitServer, FieldError> {
    let missing = || FieldError::new("expected a server, found none").within("ratelimitServerRef");
    let server = written.ratelimit_server_ref.as_ref().ok_or_else(missing)?;
    let limit = written.request_timeout;
    Ok(RateLimitServer {
        server: target(server),
        authority: authority(written.grpc_service.as_ref()),
        domain: DOMAIN.into(),
        timeout: limit.map_or(RATE_LIMIT_TIMEOUT, |limit| limit.0),
        mandatory: written.deny_on_fail,
        before_authorization: written.rate_limit_before_auth,
    })
}
