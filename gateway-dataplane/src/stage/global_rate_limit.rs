//! Rate limits that a server keeps, over gRPC
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ratelimit/v3/rls.proto>).

use bytes::Bytes;
use gateway_resolve::ir::{self, DescriptorEntry};
use http::{HeaderValue, StatusCode};
use prost::Message;
use tokio::time::timeout;

use super::Maker;
use super::grpc::{Called, call};
use crate::ConnectionInfo;
use crate::admit::{Admit, Admitted, Asking, Refusal};
use crate::backend::BoxBackend;
use crate::head::RequestHead;
use crate::observe::Reason;
use crate::paced::Paced;

/// The stage of an [`ir::GlobalRateLimit`].
pub(super) struct GlobalRateLimit {
    spec: ir::GlobalRateLimit,
    server: Option<BoxBackend>,
    answer_bytes: usize,
}

/// `envoy.service.ratelimit.v3.RateLimitRequest`.
#[derive(Clone, PartialEq, Message)]
struct RateLimitRequest {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(message, repeated, tag = "2")]
    descriptors: Vec<Descriptor>,
}

/// `envoy.extensions.common.ratelimit.v3.RateLimitDescriptor`.
#[derive(Clone, PartialEq, Message)]
struct Descriptor {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<Entry>,
}

/// `envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry`.
#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// `envoy.service.ratelimit.v3.RateLimitResponse`.
#[derive(Clone, PartialEq, Message)]
struct RateLimitResponse {
    #[prost(int32, tag = "1")]
    overall_code: i32,
    #[prost(bytes = "bytes", tag = "5")]
    raw_body: Bytes,
}

/// `RateLimitResponse.Code.OVER_LIMIT`.
const OVER_LIMIT: i32 = 2;

impl GlobalRateLimit {
    pub(super) fn new(spec: &ir::GlobalRateLimit, maker: &Maker<'_>) -> Self {
        Self {
            server: (maker.backend)(&spec.server),
            answer_bytes: maker.limits.authorization_answer,
            spec: spec.clone(),
        }
    }

    fn descriptors(&self, head: &RequestHead, connection: &ConnectionInfo) -> Vec<Descriptor> {
        let descriptor = |parts: &Vec<DescriptorEntry>| {
            let entries = parts.iter().map(|part| entry(part, head, connection));
            let entries: Vec<_> = entries.collect::<Option<_>>()?;
            (!entries.is_empty()).then_some(Descriptor { entries })
        };
        self.spec
            .descriptors
            .iter()
            .filter_map(descriptor)
            .collect()
    }

    async fn ask(&self, worker: usize, descriptors: Vec<Descriptor>) -> Result<(), Refusal> {
        let object = &self.spec.server.object;
        let method = Called {
            path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
            authority: &format!("{}.{}", object.name, object.namespace),
            limit: self.answer_bytes,
        };
        let question = RateLimitRequest {
            domain: self.spec.domain.to_string(),
            descriptors,
        };
        let Some(server) = &self.server else {
            return self.unanswered("there is no such backend");
        };
        let asked = call::<_, RateLimitResponse>(server, worker, method, &question);
        match timeout(self.spec.timeout, asked).await {
            Ok(Ok(answer)) if answer.overall_code == OVER_LIMIT => Err(limited(answer.raw_body)),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => self.unanswered(&error.to_string()),
            Err(_elapsed) => self.unanswered("it takes too long"),
        }
    }

    fn unanswered(&self, error: &str) -> Result<(), Refusal> {
        static SAID: Paced = Paced::new();
        if let Some(more) = SAID.pass() {
            let server = &self.spec.server;
            tracing::warn!(%server, error, more, "a rate-limit server gives no answer");
        }
        match self.spec.mandatory {
            false => Ok(()),
            true => Err(super::answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                "",
                Reason::RateLimited,
            )),
        }
    }
}

fn limited(body: Bytes) -> Refusal {
    let mut refusal = super::answer(StatusCode::TOO_MANY_REQUESTS, "", Reason::RateLimited);
    let headers = refusal.headers_mut();
    headers.insert("x-envoy-ratelimited", HeaderValue::from_static("true"));
    *refusal.body_mut() = body;
    refusal
}

/// `None`: it is missing.
fn entry(part: &DescriptorEntry, head: &RequestHead, connection: &ConnectionInfo) -> Option<Entry> {
    let entry = |key: &str, value: &str| Entry {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    match part {
        DescriptorEntry::Header(name, key) => Some(entry(key, head.fields.text(name.as_http())?)),
        DescriptorEntry::ClientAddress => {
            Some(entry("remote_address", &connection.peer.ip().to_string()))
        }
        DescriptorEntry::Fixed(key, value) => Some(entry(key, value)),
        DescriptorEntry::IfHeaders {
            value,
            expected,
            headers,
        } => {
            let meets = headers.iter().all(|(name, wanted)| {
                let found = head.fields.text(name.as_http());
                found.is_some_and(|found| wanted.matches(found))
            });
            (meets == *expected).then(|| entry("header_match", value))
        }
        _ => None,
    }
}

impl Admit for GlobalRateLimit {
    fn admit<'a>(&'a self, asking: Asking<'a>) -> Admitted<'a> {
        let descriptors = self.descriptors(asking.head, asking.connection);
        let worker = asking.connection.worker;
        Box::pin(async move {
            match descriptors.is_empty() {
                true => Ok(()),
                false => self.ask(worker, descriptors).await,
            }
        })
    }
}
