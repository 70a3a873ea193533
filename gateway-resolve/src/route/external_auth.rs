//! The ExternalAuth filter (GEP-1494).

use std::num::NonZeroU16;

use gateway_model::{AuthProtocol, ExternalAuth, ForwardBody, GrpcAuth, HeaderName, HttpAuth};

use crate::ir::{
    Authorization, AuthorizationProtocol, BackendId, ForwardedBody, GrpcAuthorization,
    HttpAuthorization, Named, Target, Unanswered,
};

/// What the filter asks of `server`, which its reference leads to; the error is a message.
pub(crate) fn authorization(
    written: &ExternalAuth,
    server: BackendId,
) -> Result<Authorization, String> {
    let ExternalAuth {
        backend_ref: _,
        protocol,
        forward_body,
    } = written;
    Ok(Authorization {
        server: Target::Backend(server),
        protocol: match protocol {
            AuthProtocol::Http(http) => AuthorizationProtocol::Http(over_http(http)?),
            AuthProtocol::Grpc(GrpcAuth { allowed_headers }) => {
                AuthorizationProtocol::Grpc(GrpcAuthorization {
                    headers: all_or(names("grpc.allowedHeaders", allowed_headers)?),
                    ..GrpcAuthorization::default()
                })
            }
            _ => return Err("the protocol of the filter is not supported".to_owned()),
        },
        body: body(forward_body.as_ref()),
        timeout: None,
        unanswered: Unanswered::Refuse(FORBIDDEN),
        reroutes: false,
        reserved: Vec::new(),
    })
}

const FORBIDDEN: NonZeroU16 = NonZeroU16::new(403).expect("403 is not zero");

fn over_http(written: &HttpAuth) -> Result<HttpAuthorization, String> {
    let HttpAuth {
        path,
        allowed_headers,
        allowed_response_headers,
    } = written;
    let to_backend = names("http.allowedResponseHeaders", allowed_response_headers)?;
    Ok(HttpAuthorization {
        prefix: prefix(path.as_deref().unwrap_or_default()),
        headers: names("http.allowedHeaders", allowed_headers)?,
        to_backend: all_or(to_backend),
        to_client: Named::All,
        ..HttpAuthorization::default()
    })
}

/// A path that another may follow.
fn prefix(written: &str) -> Box<str> {
    match written.trim_matches('/') {
        "" => "".into(),
        path => format!("/{path}").into(),
    }
}

fn names(field: &str, written: &[String]) -> Result<Vec<HeaderName>, String> {
    let name = |name: &String| HeaderName::new(name).map_err(|error| format!("{field}: {error}"));
    written.iter().map(name).collect()
}

/// An empty list stands for all.
fn all_or(names: Vec<HeaderName>) -> Named {
    match names.is_empty() {
        true => Named::All,
        false => Named::Only(names),
    }
}

/// A limit of zero, or none, is for no body.
fn body(written: Option<&ForwardBody>) -> Option<ForwardedBody> {
    let limit = written?.max_size.filter(|limit| *limit > 0)?;
    Some(ForwardedBody {
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
        partial: false,
    })
}
