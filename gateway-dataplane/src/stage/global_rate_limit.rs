//! Rate limits that a server keeps, over gRPC
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ratelimit/v3/rls.proto>).

use bytes::Bytes;
use gateway_resolve::ir::{self, DescriptorEntry};
use http::{HeaderName, HeaderValue, StatusCode};
use prost::Message;
use tokio::time::timeout;

use super::Maker;
use super::levels::Counted;
use crate::ConnectionInfo;
use crate::admit::{Admit, Admitted, Asking, Refusal};
use crate::backend::BoxBackend;
use crate::filter::is_editable;
use crate::grpc::{Called, authority, call};
use crate::head::RequestHead;
use crate::observe::Reason;
use crate::paced::Paced;

/// The stage of an [`ir::RateLimitServer`].
pub(super) struct GlobalRateLimit {
    spec: ir::RateLimitServer,
    descriptors: Vec<Vec<DescriptorEntry>>,
    server: Option<BoxBackend>,
    /// The only backend of the rule, as Envoy would call it.
    cluster: Option<String>,
    metadata: ir::RuleMetadata,
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

/// `envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry`, and `envoy.config.core.v3.HeaderValue` likewise.
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
    /// To a client that is over the limit.
    #[prost(message, repeated, tag = "3")]
    response_headers: Vec<Entry>,
    /// To the backend of one that is not.
    #[prost(message, repeated, tag = "4")]
    request_headers: Vec<Entry>,
    #[prost(bytes = "bytes", tag = "5")]
    raw_body: Bytes,
}

/// `RateLimitResponse.Code.OVER_LIMIT`.
const OVER_LIMIT: i32 = 2;

impl GlobalRateLimit {
    pub(super) fn new(
        rule: &ir::Rule,
        (spec, descriptors): Counted<'_>,
        maker: &Maker<'_>,
    ) -> Self {
        Self {
            server: maker.server(&spec.server),
            answer_bytes: maker.limits.authorization_answer,
            descriptors: descriptors.into_iter().cloned().collect(),
            cluster: cluster(rule),
            metadata: metadata(rule),
            spec: spec.clone(),
        }
    }

    fn descriptors(&self, head: &RequestHead, connection: &ConnectionInfo) -> Vec<Descriptor> {
        let descriptor = |parts: &Vec<DescriptorEntry>| {
            let entries = parts.iter().map(|part| self.entry(part, head, connection));
            let entries: Vec<_> = entries.collect::<Option<_>>()?;
            (!entries.is_empty()).then_some(Descriptor { entries })
        };
        self.descriptors.iter().filter_map(descriptor).collect()
    }

    /// The headers that the request gets, if it passes.
    async fn ask(
        &self,
        worker: usize,
        descriptors: Vec<Descriptor>,
    ) -> Result<Vec<Entry>, Refusal> {
        let method = Called {
            path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
            authority: &authority(&self.spec.server, self.spec.authority.as_deref()),
            headers: &[],
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
            Ok(Ok(answer)) if answer.overall_code == OVER_LIMIT => Err(limited(answer)),
            Ok(Ok(answer)) => Ok(answer.request_headers),
            Ok(Err(error)) => self.unanswered(&error.to_string()),
            Err(_elapsed) => self.unanswered("it takes too long"),
        }
    }

    /// `None`: it is missing.
    fn entry(
        &self,
        part: &DescriptorEntry,
        head: &RequestHead,
        connection: &ConnectionInfo,
    ) -> Option<Entry> {
        let entry = |key: &str, value: &str| Entry {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        match part {
            DescriptorEntry::Header(name, key) => {
                Some(entry(key, head.fields.text(name.as_http())?))
            }
            DescriptorEntry::ClientAddress => {
                Some(entry("remote_address", &connection.peer.ip().to_string()))
            }
            DescriptorEntry::Backend => Some(entry("destination_cluster", self.cluster.as_ref()?)),
            DescriptorEntry::Fixed(key, value) => Some(entry(key, value)),
            DescriptorEntry::RuleMetadata {
                key,
                path,
                otherwise,
            } => {
                let known = self.metadata.get(path).or(otherwise.as_deref());
                Some(entry(key, known?))
            }
            DescriptorEntry::IfHeaders {
                value,
                expected,
                headers,
            } => {
                let meet = headers.iter().all(|wanted| {
                    let found = head.fields.text(&*wanted.name);
                    wanted.matches(found)
                });
                (meet == *expected).then(|| entry("header_match", value))
            }
        }
    }

    fn unanswered(&self, error: &str) -> Result<Vec<Entry>, Refusal> {
        static SAID: Paced = Paced::new();
        if let Some(more) = SAID.pass() {
            let server = &self.spec.server;
            tracing::warn!(%server, error, more, "a rate-limit server gives no answer");
        }
        match self.spec.mandatory {
            false => Ok(Vec::new()),
            true => Err(super::answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                "",
                Reason::RateLimited,
            )),
        }
    }
}

fn limited(answer: RateLimitResponse) -> Refusal {
    let mut refusal = super::answer(StatusCode::TOO_MANY_REQUESTS, "", Reason::RateLimited);
    let headers = refusal.headers_mut();
    headers.insert("x-envoy-ratelimited", HeaderValue::from_static("true"));
    for (name, value) in answer.response_headers.iter().filter_map(header) {
        headers.append(name, value);
    }
    *refusal.body_mut() = answer.raw_body;
    refusal
}

/// A header, unless it is the gateway's own.
fn header(entry: &Entry) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(entry.key.as_str()).ok()?;
    let value = HeaderValue::from_str(&entry.value).ok()?;
    (is_editable(&name) && name != http::header::HOST).then_some((name, value))
}

fn metadata(rule: &ir::Rule) -> ir::RuleMetadata {
    let set = rule.settings.metadata.as_ref();
    set.map(|set| set.value.clone()).unwrap_or_default()
}

/// The only backend that requests go to.
fn cluster(rule: &ir::Rule) -> Option<String> {
    let ir::Action::Forward(split) = &rule.action else {
        return None;
    };
    let mut taken = split.targets().iter().filter(|target| target.weight > 0);
    let only = taken.next().filter(|_| taken.next().is_none())?;
    let ir::BackendId { object, port, .. } = only.target.backend()?;
    let (name, namespace) = (&object.name, &object.namespace);
    Some(match (&*object.kind, port) {
        ("Service", Some(port)) => format!("kube-svc_{namespace}-{name}-{port}_{namespace}"),
        _ => format!("{name}_{namespace}"),
    })
}

impl Admit for GlobalRateLimit {
    fn admit<'a>(&'a self, asking: Asking<'a>) -> Admitted<'a> {
        let descriptors = self.descriptors(asking.head, asking.connection);
        let worker = asking.connection.worker;
        Box::pin(async move {
            if descriptors.is_empty() {
                return Ok(());
            }
            let headers = self.ask(worker, descriptors).await?;
            for (name, value) in headers.iter().filter_map(header) {
                asking.head.fields.append(&name, value.as_bytes());
            }
            Ok(())
        })
    }
}
