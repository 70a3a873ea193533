//! AWS Lambda as its clients see it, with signatures that are computed anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gateway_resolve::ir::{AwsCredentials, AwsKeys, Backend, Lambda, LambdaAnswer};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use ring::{digest, hmac};

use super::origin::{self, Origin};
use super::{backend, set};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// What a function was called with.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A service of AWS: 403 to what is not signed as it has to be, and else what `answer` says.
pub(crate) struct Service {
    pub(crate) origin: Origin,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Service {
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The only call.
    pub(crate) fn call(&self) -> Call {
        let calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls[0].clone()
    }
}

/// A service whose callers have `secret`.
pub(crate) async fn service(
    secret: &'static str,
    answer: impl Fn(&Call) -> Response<Full<Bytes>> + Send + Sync + 'static,
) -> Service {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (kept, answer) = (Arc::clone(&calls), Arc::new(answer));
    let origin = origin::http(move |request: Request<Incoming>| {
        let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let call = Call { head, body };
            let is_signed = is_signed(&call, secret);
            kept.lock().unwrap().push(call.clone());
            match is_signed {
                true => answer(&call),
                false => status(403, "the signature does not match"),
            }
        }
    })
    .await;
    Service { origin, calls }
}

pub(crate) fn status(status: u16, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// The signature of a request, by the steps of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
fn is_signed(call: &Call, secret: &str) -> bool {
    let Some(authorization) = call.header("authorization") else {
        return false;
    };
    let (algorithm, fields) = authorization.split_once(' ').unwrap();
    assert_eq!(algorithm, "AWS4-HMAC-SHA256");
    let fields = fields.split(", ").map(|one| one.split_once('=').unwrap());
    let fields: BTreeMap<_, _> = fields.collect();
    let (_, scope) = fields["Credential"].split_once('/').unwrap();
    let signed = fields["SignedHeaders"];
    let headers = signed.split(';').map(|name| {
        let value = call.header(name).unwrap();
        format!("{name}:{}\n", value.trim())
    });
    let (path, query) = match call.head.uri.path_and_query().unwrap() {
        target if target.query().is_some() => (target.path(), target.query().unwrap()),
        target => (target.path(), ""),
    };
    let canonical = format!(
        "{}\n{}\n{query}\n{}\n{signed}\n{}",
        call.head.method,
        path.replace('%', "%25"),
        headers.collect::<String>(),
        hex(digest::digest(&digest::SHA256, &call.body).as_ref()),
    );
    let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let date = call.header("x-amz-date").unwrap();
    let text = format!("{algorithm}\n{date}\n{scope}\n{hashed}");
    let key = scope
        .split('/')
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
            mac(&key, part)
        });
    assert!(date.starts_with(scope.split('/').next().unwrap()));
    fields["Signature"] == hex(&mac(&key, &text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn keys(secret: &str, token: Option<&str>) -> AwsCredentials {
    AwsCredentials::Keys(AwsKeys {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: secret.into(),
        session_token: token.map(Into::into),
    })
}

/// The function `echo`, which `service` has.
pub(crate) fn echo() -> Lambda {
    Lambda {
        authority: "lambda.us-east-1.amazonaws.com".into(),
        region: "us-east-1".into(),
        function: "echo".into(),
        qualifier: None,
        waits: true,
        wraps: false,
        answer: LambdaAnswer::Body,
        tells_routing: false,
        credentials: keys(SECRET, None),
    }
}

/// The backend `a` that is that function of a service.
pub(crate) fn function(service: &Service, lambda: Lambda) -> Backend {
    let mut backend = backend("a", &[service.origin.address]);
    backend.settings.lambda = set(lambda);
    backend
}
