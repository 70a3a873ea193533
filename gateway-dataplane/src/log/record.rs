//! What a collector of OpenTelemetry is told
//! (<https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto>).

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use gateway_resolve::ir::{LogValue, LoggedRecord};
use prost::{Message, Oneof};

use super::LogSubject;
use super::entry::CLUSTER;
use super::file::text;
use crate::format::hostname;

pub(super) const METHOD: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// `opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ExportLogsServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
}

/// `opentelemetry.proto.logs.v1.ResourceLogs`.
#[derive(Clone, PartialEq, Message)]
struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
}

/// `opentelemetry.proto.resource.v1.Resource`.
#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

/// `opentelemetry.proto.logs.v1.ScopeLogs`, whose records are encoded already.
#[derive(Clone, PartialEq, Message)]
struct ScopeLogs {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    log_records: Vec<Bytes>,
}

/// `opentelemetry.proto.logs.v1.LogRecord`.
#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
}

/// `opentelemetry.proto.common.v1.KeyValue`.
#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

/// `opentelemetry.proto.common.v1.AnyValue`.
#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Value", tags = "1, 5, 6")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(message, tag = "5")]
    List(ArrayValue),
    #[prost(message, tag = "6")]
    Object(KeyValueList),
}

/// `opentelemetry.proto.common.v1.ArrayValue`.
#[derive(Clone, PartialEq, Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

/// `opentelemetry.proto.common.v1.KeyValueList`.
#[derive(Clone, PartialEq, Message)]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

/// The message of a call; `labels` are the name of the log and the zone, where the gateway itself is told of.
pub(super) fn message(
    labels: Option<(&str, &str)>,
    records: Vec<Bytes>,
) -> ExportLogsServiceRequest {
    let label = |(key, value): (&str, &str)| KeyValue {
        key: key.to_owned(),
        value: Some(of_text(value.to_owned())),
    };
    let resource = labels.map(|(name, zone)| {
        let labels = [
            ("log_name", name),
            ("zone_name", zone),
            ("cluster_name", CLUSTER),
            ("node_name", hostname()),
        ];
        Resource {
            attributes: labels.map(label).into(),
        }
    });
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource,
            scope_logs: vec![ScopeLogs {
                log_records: records,
            }],
        }],
    }
}

/// A record, encoded.
pub(super) fn of(spec: &LoggedRecord, subject: &LogSubject<'_>) -> Vec<u8> {
    let since = subject.started.duration_since(UNIX_EPOCH);
    let since = since.unwrap_or_default().as_nanos();
    let record = LogRecord {
        time_unix_nano: u64::try_from(since).unwrap_or(u64::MAX),
        body: spec.body.as_ref().map(|body| value(body, subject)),
        attributes: entries(&spec.attributes, subject),
    };
    record.encode_to_vec()
}

fn of_text(text: String) -> AnyValue {
    AnyValue {
        value: Some(Value::Text(text)),
    }
}

/// All values are texts, as Envoy has them.
fn value(spec: &LogValue, subject: &LogSubject<'_>) -> AnyValue {
    let value = match spec {
        LogValue::Text(format) => Value::Text(text(format, subject)),
        LogValue::Literal(literal) => Value::Text(literal.to_string()),
        LogValue::List(items) => Value::List(ArrayValue {
            values: items.iter().map(|item| value(item, subject)).collect(),
        }),
        LogValue::Object(fields) => Value::Object(KeyValueList {
            values: entries(fields, subject),
        }),
    };
    AnyValue { value: Some(value) }
}

fn entries(fields: &BTreeMap<Box<str>, LogValue>, subject: &LogSubject<'_>) -> Vec<KeyValue> {
    let entries = fields.iter().map(|(name, spec)| KeyValue {
        key: name.to_string(),
        value: Some(value(spec, subject)),
    });
    entries.collect()
}
