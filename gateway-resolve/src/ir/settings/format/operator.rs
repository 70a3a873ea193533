//! What stands between `%` and `%`.

use gateway_model::HeaderName;

/// What an operator stands for. Where there is no such thing, it comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The first of these headers of the request that is there.
    Request(Vec<FieldName>),
    /// The first of these headers of the response that is there.
    Response(Vec<FieldName>),
    /// When the request began, by this format of `strftime`; ISO 8601 when empty.
    StartTime(Box<str>),
    /// The version of HTTP that the client speaks.
    Protocol,
    /// The address of the client.
    ClientAddress {
        /// With its port?
        port: bool,
    },
    /// The address that the client connected to.
    LocalAddress {
        /// With its port?
        port: bool,
    },
    /// The server name that the client asked for.
    ServerName,
    /// The status of the response.
    ResponseCode,
    /// The name of the rule.
    RouteName,
    /// What is known of the rule under this path.
    RuleMetadata(Vec<Box<str>>),
    /// The name of this machine.
    Hostname,
    /// The first of these trailers of the response that is there.
    Trailer(Vec<FieldName>),
    /// Why the response has its status, in one word.
    ResponseDetails,
    /// What went wrong, in Envoy's letters.
    ResponseFlags,
    /// Milliseconds from the head of the request to the end of the response.
    Duration,
    /// Milliseconds from the head of the request to its end.
    RequestDuration,
    /// Milliseconds from the head of the request to that of the response.
    ResponseDuration,
    /// Bytes of the request's body.
    BytesReceived,
    /// Bytes of the response's body.
    BytesSent,
    /// The endpoint that was asked last.
    Endpoint,
    /// The backend.
    Backend,
    /// The number of the connection.
    ConnectionId,
    /// The status of gRPC.
    GrpcStatus,
    /// What was kept of the connection in this namespace under this name.
    Metadata(Box<str>, Box<str>),
    /// Something that there is not here, under this name: it comes to nothing.
    Nothing(Box<str>),
    /// A variable of the environment.
    Environment(Box<str>),
}

/// The name of a header, or of what HTTP/2 has in its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FieldName {
    /// `:method`.
    Method,
    /// `:path`, query included.
    Path,
    /// `:path`, without its query.
    PathOnly,
    /// `:authority`.
    Authority,
    /// `:scheme`.
    Scheme,
    /// `:status`.
    Status,
    /// A header.
    Header(HeaderName),
}

/// The operator of this name, with this argument.
pub(super) fn operator(name: &str, argument: Option<&str>) -> Option<Operator> {
    Some(match (name, argument) {
        ("REQ", Some(names)) => Operator::Request(field_names(names)?),
        ("REQ_WITHOUT_QUERY", Some(names)) => Operator::Request(without_query(field_names(names)?)),
        ("RESP", Some(names)) => Operator::Response(field_names(names)?),
        ("START_TIME", format) => Operator::StartTime(format.unwrap_or_default().into()),
        ("ENVIRONMENT", Some(name)) => Operator::Environment(name.into()),
        ("PROTOCOL", None) => Operator::Protocol,
        ("DOWNSTREAM_REMOTE_ADDRESS" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS", None) => {
            Operator::ClientAddress { port: true }
        }
        (
            "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
            | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
            None,
        ) => Operator::ClientAddress { port: false },
        ("DOWNSTREAM_LOCAL_ADDRESS", None) => Operator::LocalAddress { port: true },
        ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", None) => Operator::LocalAddress { port: false },
        ("REQUESTED_SERVER_NAME", None) => Operator::ServerName,
        ("RESPONSE_CODE", None) => Operator::ResponseCode,
        ("ROUTE_NAME", None) => Operator::RouteName,
        ("HOSTNAME", None) => Operator::Hostname,
        _ => return of_exchange(name, argument),
    })
}

/// What is known of an exchange, or of what carried it, when it is over.
fn of_exchange(name: &str, argument: Option<&str>) -> Option<Operator> {
    Some(match (name, argument) {
        ("TRAILER", Some(names)) => Operator::Trailer(field_names(names)?),
        ("RESPONSE_CODE_DETAILS", None) => Operator::ResponseDetails,
        ("RESPONSE_FLAGS" | "RESPONSE_FLAGS_LONG", None) => Operator::ResponseFlags,
        ("DURATION", None) => Operator::Duration,
        ("REQUEST_DURATION", None) => Operator::RequestDuration,
        ("RESPONSE_DURATION", None) => Operator::ResponseDuration,
        ("BYTES_RECEIVED", None) => Operator::BytesReceived,
        ("BYTES_SENT", None) => Operator::BytesSent,
        ("UPSTREAM_HOST", None) => Operator::Endpoint,
        ("UPSTREAM_CLUSTER" | "UPSTREAM_CLUSTER_RAW", None) => Operator::Backend,
        ("CONNECTION_ID", None) => Operator::ConnectionId,
        ("GRPC_STATUS", _) => Operator::GrpcStatus,
        ("DYNAMIC_METADATA", Some(place)) => match place.split_once(':') {
            Some((namespace, key)) => Operator::Metadata(namespace.into(), key.into()),
            None => nothing(name),
        },
        ("METADATA", Some(place)) => match place.strip_prefix("ROUTE:") {
            Some(path) => Operator::RuleMetadata(path.split(':').map(Into::into).collect()),
            None => nothing(name),
        },
        ("FILTER_STATE", Some(_)) => nothing(name),
        ("UPSTREAM_LOCAL_ADDRESS" | "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", None) => nothing(name),
        ("UPSTREAM_TRANSPORT_FAILURE_REASON", None) => nothing(name),
        (name, None) if name.starts_with("DOWNSTREAM_PEER_") => nothing(name),
        _ => return None,
    })
}

fn nothing(name: &str) -> Operator {
    Operator::Nothing(name.into())
}

/// One name, or one and another that counts where the first is not there.
fn field_names(argument: &str) -> Option<Vec<FieldName>> {
    let name = |name: &str| {
        let lower = name.to_ascii_lowercase();
        Some(match lower.as_str() {
            ":method" => FieldName::Method,
            ":path" => FieldName::Path,
            ":authority" => FieldName::Authority,
            ":scheme" => FieldName::Scheme,
            ":status" => FieldName::Status,
            _ => FieldName::Header(HeaderName::new(name).ok()?),
        })
    };
    argument.splitn(2, '?').map(name).collect()
}

fn without_query(names: Vec<FieldName>) -> Vec<FieldName> {
    let name = |name| match name {
        FieldName::Path => FieldName::PathOnly,
        FieldName::Header(_)
        | FieldName::Method
        | FieldName::Authority
        | FieldName::PathOnly
        | FieldName::Scheme
        | FieldName::Status => name,
    };
    names.into_iter().map(name).collect()
}
