//! The Security Token Service of AWS (<https://docs.aws.amazon.com/STS/latest/APIReference/>).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use bytes::Bytes;
use gateway_resolve::ir::TokenService;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::sign::sign;
use crate::Body;
use crate::backend::{Attempt, Backend, BoxBackend};
use crate::limits::fixed::TOKEN_ANSWER;

/// A role that was taken.
pub(super) struct Taken {
    pub(super) credentials: Credentials,
    /// When it ends.
    pub(super) until: SystemTime,
}

/// The service, and how it is reached.
pub(super) struct Server {
    spec: TokenService,
    backend: BoxBackend,
}

/// How long a role is taken to last that does not say.
const USUAL: Duration = Duration::from_secs(600);

impl Server {
    pub(super) fn new(spec: TokenService, backend: BoxBackend) -> Self {
        Self { spec, backend }
    }

    /// Takes a role by the token of a service account (`AssumeRoleWithWebIdentity`).
    pub(super) async fn by_token(
        &self,
        role: &str,
        token: &str,
        worker: usize,
    ) -> Result<Taken, String> {
        let action = "AssumeRoleWithWebIdentity";
        let request = self.request(action, role, &[("WebIdentityToken", token)]);
        self.ask(request, worker).await
    }

    /// Takes a role by another one (`AssumeRole`).
    pub(super) async fn by_role(
        &self,
        role: &str,
        by: Credentials,
        worker: usize,
    ) -> Result<Taken, String> {
        let mut request = self.request("AssumeRole", role, &[]);
        let signed = sign(
            &mut request,
            "sts",
            &self.spec.region,
            by,
            SystemTime::now(),
        );
        signed.map_err(|error| error.to_string())?;
        self.ask(request, worker).await
    }

    fn request(&self, action: &str, role: &str, more: &[(&str, &str)]) -> Request<Bytes> {
        let all = [
            ("Action", action),
            ("RoleArn", role),
            ("RoleSessionName", "gateway"),
            ("Version", "2011-06-15"),
        ];
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let pairs = all.iter().chain(more);
        let pairs = pairs.map(|(name, value)| format!("{name}={}", encoded(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let mut request = Request::new(Bytes::from(form));
        *request.method_mut() = Method::POST;
        let length = HeaderValue::from(request.body().len());
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_LENGTH, length);
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Ok(authority) = HeaderValue::from_str(&self.spec.authority) {
            headers.insert(header::HOST, authority);
        }
        request
    }

    async fn ask(&self, request: Request<Bytes>, worker: usize) -> Result<Taken, String> {
        let name = &self.spec.authority;
        let asked = tokio::time::timeout(self.spec.timeout, self.exchange(request, worker)).await;
        let late = |_| format!("{name}: no answer within {:?}", self.spec.timeout);
        let (status, text) = asked.map_err(late)??;
        if status != StatusCode::OK {
            let why = element(&text, "Code").unwrap_or("no reason");
            return Err(format!("{name} answers {status}: {why}"));
        }
        taken(&text).ok_or_else(|| format!("{name}: expected credentials, found none"))
    }

    async fn exchange(
        &self,
        request: Request<Bytes>,
        worker: usize,
    ) -> Result<(StatusCode, String), String> {
        let request = request.map(Body::from);
        let answer = self.backend.call(request, &Attempt::first(worker)).await;
        let (parts, body) = answer.map_err(|error| error.to_string())?.into_parts();
        let read = Limited::new(body, TOKEN_ANSWER).collect().await;
        let read = read.map_err(|error| error.to_string())?.to_bytes();
        Ok((parts.status, String::from_utf8_lossy(&read).into_owned()))
    }
}

/// The credentials of an answer.
fn taken(text: &str) -> Option<Taken> {
    let own = |name| element(text, name).map(str::to_owned);
    let until = element(text, "Expiration").and_then(|time| time.parse().ok());
    let until = until.map(|time: jiff::Timestamp| SystemTime::from(time));
    let (id, secret) = (own("AccessKeyId")?, own("SecretAccessKey")?);
    let token = own("SessionToken")?;
    Some(Taken {
        credentials: Credentials::new(id, secret, Some(token), None, "gateway"),
        until: until.unwrap_or_else(|| SystemTime::now() + USUAL),
    })
}

/// The text of the first element of that name, where it is text alone; those that are read here never need escapes.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    Some(inner.trim()).filter(|inner| !inner.is_empty() && !inner.contains(['<', '&']))
}
