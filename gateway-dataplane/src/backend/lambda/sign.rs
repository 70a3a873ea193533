//! Signatures of requests to AWS (Signature Version 4).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SessionTokenMode, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The headers that are signed, where they are there. The token of a session is not.
const SIGNED: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::HOST,
    HeaderName::from_static("x-amz-invocation-type"),
    HeaderName::from_static("x-amz-log-type"),
];

/// Signs a request of `service`, as of `now`.
pub(super) fn sign(
    request: &mut Request<Bytes>,
    service: &str,
    region: &str,
    credentials: Credentials,
    now: SystemTime,
) -> Result<(), Failed> {
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.session_token_mode = SessionTokenMode::Exclude;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let signed = request.headers().iter();
    let signed = signed.filter(|(name, _)| SIGNED.contains(name));
    let signed: Result<Vec<_>, _> = signed
        .map(|(name, value)| Ok::<_, Failed>((name.as_str(), value.to_str()?)))
        .collect();
    let host = request.headers().get(header::HOST);
    let host = host.map_or(Ok(""), HeaderValue::to_str)?;
    let url = format!("https://{host}{}", request.uri());
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), url, signed?.into_iter(), body)?;
    let (instructions, _) = aws_sigv4::http_request::sign(signable, &params)?.into_parts();
    let (headers, _) = instructions.into_parts();
    for added in headers {
        let value = HeaderValue::from_str(added.value())?;
        request.headers_mut().insert(added.name(), value);
    }
    Ok(())
}
