//! Settings, each with what it came from.
//!
//! They are apart by level: of a rule ([`RuleSettings`], [`StreamSettings`]), of a virtual host ([`VirtualHostSettings`]), of a
//! listener ([`ListenerSettings`]), of a backend ([`BackendSettings`]). Which level counts when several have a setting is decided for each
//! feature by the data plane, when it compiles its table. A setting is named for what it does, not for the
//! kind of resource that asked for it, and its type has a file of its own here.

mod access_log;
mod authorization;
mod backend_connections;
mod balancing;
mod buffer;
mod compression;
mod connections;
mod cors;
mod csrf;
mod duration;
mod ejection;
mod extension;
mod fault;
mod format;
mod global_rate_limit;
mod grpc_web;
mod hash;
mod header_manipulation;
mod heads;
mod health;
mod lambda;
mod log_sink;
mod metadata;
mod origin;
mod protocols;
mod provenance;
mod rate_limit;
mod retry;
mod rewrite;
mod session;
mod sockets;
mod times;
mod transformation;
mod upgrades;
mod virtual_cluster;

pub use access_log::{AccessLog, Comparison, HeaderValueMatch, LogFilter, LogFormat, LogValue};
pub use authorization::{
    Authorization, AuthorizationProtocol, Authorized, ForwardedBody, GrpcAuthorization,
    HttpAuthorization, Named, Unanswered,
};
pub use backend_connections::{
    Http2Connections, HttpConnections, Keepalive, OpenAtMost, Preconnect, ProxyHeader,
    TunnelThrough,
};
pub use balancing::{Balancing, PanicThreshold, SlowStart};
pub use buffer::Buffer;
pub use compression::Compression;
pub use connections::ConnectionLimit;
pub use cors::{CorsMerge, CorsPolicy, CorsRules};
pub use csrf::{Csrf, TextMatch, TextMatchKind};
pub use duration::{AskedDuration, StreamDuration};
pub use ejection::{Ejection, InARow, Silence, SuccessRate};
pub use extension::Extension;
pub use fault::{Abort, Delay, Fault};
pub use format::{FieldName, Format, Operator, Piece};
pub use global_rate_limit::{
    DescriptorEntry, FieldMatch, FieldTest, RateLimitDescriptors, RateLimitServer,
};
pub use grpc_web::GrpcWeb;
pub use hash::{HashPolicies, HashPolicy, HashedPart};
pub use header_manipulation::{AddedHeader, HeaderChanges, HeaderManipulation};
pub use heads::{EscapedSlashes, HealthAnswer, RegisteredMethods, RequestHeads, Underscores};
pub use health::{GrpcProbe, HealthCheck, HttpProbe, Pauses, Probe, TcpProbe};
pub use lambda::{AwsCredentials, AwsKeys, AwsRole, Lambda, LambdaAnswer, TokenService};
pub use log_sink::{FileLog, LogEntries, LogSink, LoggedFields, LoggedRecord, ServerLog};
pub use metadata::RuleMetadata;
pub use origin::{Origin, Sourced};
pub use protocols::{Http1, Http2, HttpVersion, Protocols, ServerHeader};
pub use provenance::{
    CertificateNotice, CertificatePart, ClientAddress, Network, Provenance, RequestIds,
};
pub use rate_limit::LocalRateLimit;
pub use retry::{Failures, Retry, RetryConstraint};
pub use rewrite::{HostChange, PathChange, Substitution};
pub use session::{SessionCarrier, SessionPersistence};
pub use sockets::{KeptTlv, ProxyProtocol, SocketMoment, SocketOption, SocketValue};
pub use times::ConnectionTimes;
pub use transformation::{
    BodyParsing, BodyTransformation, Captures, Extracted, ExtractionMode, Extractor, MergedKey,
    MetadataValue, RequestTransformation, ResponseTransformation, Template, TemplateError,
    Transformation, TransformationStage, Transformations,
};
pub use upgrades::Upgrades;
pub use virtual_cluster::{VirtualCluster, VirtualClusters};

use std::any::Any;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BackendId, Target};

/// Declares a struct of settings: a field for each, which may be unset.
macro_rules! settings {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$about])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<Box<Sourced<$type>>>,
            )*
            /// What policies of an embedder's own kinds set, one of each kind.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub extensions: Vec<Sourced<Extension>>,
            /// What policies say that is no setting, such as in filters.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub beside: Vec<Origin>,
        }

        impl $name {
            /// Where each setting that is set came from.
            pub fn origins(&self) -> impl Iterator<Item = &Origin> {
                let all: Vec<Option<&Origin>> = vec![
                    $(self.$field.as_ref().map(|set| &set.origin),)*
                ];
                let own = self.extensions.iter().map(|set| &set.origin);
                all.into_iter().flatten().chain(own).chain(&self.beside)
            }

            /// What a policy of an embedder's own kind sets, by its type.
            pub fn extension<T: Any>(&self) -> Option<Sourced<&T>> {
                self.extensions.iter().find_map(|set| {
                    let value = set.value.get()?;
                    Some(Sourced { value, origin: set.origin.clone() })
                })
            }
        }
    };
}

settings! {
    /// What may be tuned for one rule; `None` leaves what the virtual host or the listener says, else the
    /// data plane's default.
    RuleSettings {
        /// From the end of the request's head to the end of the response; zero: no limit. Exceeded
        /// before the response's head was sent: 504.
        request_timeout: Duration,
        /// For one attempt at a backend, to the end of its response; zero: no limit. Exceeded: 504.
        backend_request_timeout: Duration,
        /// In which nothing of a request or its response moves; zero: no limit. Exceeded before the response's head
        /// was sent: 504, and 408 while the request is not complete.
        idle_timeout: Duration,
        /// For the whole exchange. Exceeded: as for a request.
        stream_duration: StreamDuration,
        /// When and how often a request is tried again.
        retry: Retry,
        /// Who is asked whether a request may pass.
        authorization: Authorization,
        /// Whether the listener's server is, where nobody else is.
        authorized: Authorized,
        /// How the requests of a session find the same endpoint.
        session: SessionPersistence,
        /// What requests are told apart by, where a backend balances by a hash.
        hash_policies: HashPolicies,
        /// Which protocols requests may change to.
        upgrades: Upgrades,
        /// What is known of the rule.
        metadata: RuleMetadata,
        /// Faults for some of the requests.
        fault: Fault,
        /// How many requests pass.
        local_rate_limit: LocalRateLimit,
        /// What the listener's rate-limit server is told.
        rate_limit_descriptors: RateLimitDescriptors,
        /// What becomes of the path, before filters.
        path_rewrite: PathChange,
        /// What becomes of the host, before filters.
        host_rewrite: HostChange,
        /// Is the host that the client asked for appended to `X-Forwarded-Host` where it is rewritten?
        tells_host: bool,
        /// With which other origins responses are shared, where no filter says it.
        cors: CorsPolicy,
        /// From where requests that change something have to come.
        csrf: Csrf,
        /// Whether requests are read whole.
        buffer: Buffer,
        /// Changes to whole messages.
        transformations: Transformations,
        /// Changes to headers, before those of the host.
        header_manipulation: HeaderManipulation,
    }
}

settings! {
    /// What may be tuned for one rule of layer 4: so far what an embedder's own policies say.
    StreamSettings {}
}

settings! {
    /// What may be tuned for one virtual host, for all its rules.
    VirtualHostSettings {
        /// Whether the listener's server is asked whether a request may pass, where the rule does not say.
        authorized: Authorized,
        /// How many requests pass, of all rules that do not say.
        local_rate_limit: LocalRateLimit,
        /// What the listener's rate-limit server is told, where the rule does not say.
        rate_limit_descriptors: RateLimitDescriptors,
        /// When and how often a request is tried again, where the rule does not say.
        retry: Retry,
        /// Requests that are counted together.
        virtual_clusters: VirtualClusters,
        /// Are backends told, by `x-envoy-attempt-count`, which attempt at a request they get?
        tells_backends_attempts: bool,
        /// Are clients told so how many attempts were made?
        tells_clients_attempts: bool,
        /// With which other origins responses are shared, as far as the rule does not say.
        cors: CorsPolicy,
        /// How that goes together with what the rule says.
        cors_merge: CorsMerge,
        /// From where requests that change something have to come, where the rule does not say.
        csrf: Csrf,
        /// Whether requests are read whole, where the rule does not say.
        buffer: Buffer,
        /// Changes to whole messages, where the rule does not say.
        transformations: Transformations,
        /// Changes to headers, after those of the rule.
        header_manipulation: HeaderManipulation,
    }
}

settings! {
    /// What may be tuned for one backend.
    BackendSettings {
        /// How requests are spread over its endpoints.
        balancing: Balancing,
        /// Are endpoints told apart by their names, rather than their addresses, where a hash chooses one?
        hashes_names: bool,
        /// Do its connections end when there are other endpoints?
        renews_connections: bool,
        /// Which connections are made before requests need them.
        preconnect: Preconnect,
        /// How many bytes are kept of a request on its way, over HTTP/2.
        buffer_limit: u32,
        /// How endpoints that are new get their share; at once, when unset.
        slow_start: SlowStart,
        /// How many endpoints have to be well; one, when unset.
        panic_threshold: PanicThreshold,
        /// The time for connecting to an endpoint, TLS included. Exceeded: another one is tried.
        connect_timeout: Duration,
        /// How much it may have open.
        open_at_most: OpenAtMost,
        /// When its silent connections are asked after.
        keepalive: Keepalive,
        /// How its connections are used.
        http: HttpConnections,
        /// How HTTP/2 is spoken.
        http2: Http2Connections,
        /// The PROXY header that its connections begin with.
        proxy_header: ProxyHeader,
        /// What its endpoints are asked for a tunnel to.
        tunnel: TunnelThrough,
        /// How often the names of its endpoints are looked up; when what is known expires, when unset.
        name_refresh: Duration,
        /// How its endpoints are asked whether they are well.
        health_check: HealthCheck,
        /// When an endpoint that fails is left alone for a while.
        ejection: Ejection,
        /// The function that is called in the place of its being passed requests.
        lambda: Lambda,
        /// How much of its traffic may be retries.
        retry_constraint: RetryConstraint,
    }
}

impl BackendSettings {
    /// Is nothing set?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl StreamSettings {
    /// Is nothing set?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

settings! {
    /// What may be tuned for one listener, for its connections and for all that is behind it.
    ListenerSettings {
        /// Where it is written what became of requests, or of connections that are passed on.
        access_logs: Vec<AccessLog>,
        /// Where it is written what became of connections, whatever was on them.
        connection_logs: Vec<AccessLog>,
        /// Whether connections say where they come from.
        proxy_protocol: ProxyProtocol,
        /// Options of the socket.
        socket_options: Vec<SocketOption>,
        /// How many bytes are kept that are on their way on a connection.
        buffer_limit: u32,
        /// How many connections may be open.
        connection_limit: ConnectionLimit,
        /// How many connections are taken in a time: each takes a token, and is closed where there is none.
        connection_rate_limit: LocalRateLimit,
        /// What is answered without a backend.
        health_answer: HealthAnswer,
        /// What requests are told of where they come from.
        provenance: Provenance,
        /// What is added to `Via`, of requests and of responses.
        via: Box<str>,
        /// What becomes of the `Server` header.
        server_header: ServerHeader,
        /// Which versions of HTTP are spoken.
        protocols: Protocols,
        /// How long connections and requests last.
        times: ConnectionTimes,
        /// What the heads of requests are held to.
        request_heads: RequestHeads,
        /// Whether methods have to be registered.
        registered_methods: RegisteredMethods,
        /// Who is asked whether a request may pass, where rule or host want it.
        authorizer: Authorization,
        /// Who is asked how many requests pass, where rule or host have something to tell.
        rate_limit_server: RateLimitServer,
        /// How many requests pass, of all rules for which neither rule nor host says.
        local_rate_limit: LocalRateLimit,
        /// From where requests that change something have to come, where neither rule nor host says.
        csrf: Csrf,
        /// Whether responses are compressed.
        compression: Compression,
        /// Whether gRPC-Web is spoken.
        grpc_web: GrpcWeb,
        /// Whether requests are read whole, where neither rule nor host says.
        buffer: Buffer,
    }
}

impl ListenerSettings {
    /// The servers that are asked about requests, or told of them.
    pub(crate) fn backends(&self) -> impl Iterator<Item = &BackendId> {
        let authorizer = self.authorizer.iter().map(|set| &set.value.server);
        let counts = self.rate_limit_server.iter();
        let logs = [&self.access_logs, &self.connection_logs];
        let logs = logs.into_iter().flatten().flat_map(|set| &set.value);
        let servers = authorizer.chain(counts.map(|set| &set.value.server));
        let servers = servers.chain(logs.filter_map(|log| log.sink.server()));
        servers.filter_map(Target::backend)
    }
}
