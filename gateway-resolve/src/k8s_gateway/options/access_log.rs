//! Where it is written what became of requests.

use std::collections::BTreeMap;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, TelemetryMap, TelemetryValue};
use gateway_model::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::ir::{
    AccessLog, FileLog, Format, LogEntries, LogFormat, LogSink, LogValue, LoggedFields,
    LoggedRecord, ServerLog, Target,
};

use super::invalid;
use super::log_filter::log_filter;

/// What Envoy writes where nothing is said.
const USUAL: &str = concat!(
    "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" ",
    "%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ",
    "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" ",
    "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n",
);

/// Finds the servers that logs are told to.
pub(crate) trait LogServers {
    /// The one that Envoy would call so.
    fn cluster(&self, name: &str) -> Target;

    /// The collector of the log at `position`.
    fn collector(&self, position: usize, written: &values::Collector)
    -> Result<Target, FieldError>;
}

/// Logs of requests.
pub(crate) fn access_logs(
    written: &values::AccessLogging,
    servers: &impl LogServers,
) -> Result<Vec<AccessLog>, FieldError> {
    let logs = written.access_log.iter().enumerate();
    let read = |(position, written): (usize, &values::AccessLog)| {
        let log = log(written, position, servers);
        log.map_err(|error| error.within(&format!("accessLog[{position}]")))
    };
    logs.map(read).collect()
}

fn log(
    written: &values::AccessLog,
    position: usize,
    servers: &impl LogServers,
) -> Result<AccessLog, FieldError> {
    let values::AccessLog {
        file_sink,
        grpc_service,
        open_telemetry_service,
        filter,
    } = written;
    let sinks = [
        ("fileSink", file_sink.as_ref().map(file)),
        (
            "grpcService",
            grpc_service.as_ref().map(|sink| of_envoy(sink, servers)),
        ),
        (
            "openTelemetryService",
            open_telemetry_service
                .as_ref()
                .map(|sink| of_telemetry(sink, position, servers)),
        ),
    ];
    let mut set = sinks
        .into_iter()
        .filter_map(|(name, read)| Some((name, read?)));
    let sink = match (set.next(), set.next()) {
        (Some((name, read)), None) => read.map_err(|error| error.within(name)),
        (Some((first, _)), Some((second, _))) => {
            let message = format!("expected one sink, found {first} and {second}");
            Err(FieldError::new(message))
        }
        (None, _) => Err(FieldError::new("expected a sink, found none")),
    };
    let filter = filter.as_ref().map(log_filter).transpose();
    Ok(AccessLog {
        sink: sink?,
        filter: filter.map_err(|error| error.within("filter"))?,
    })
}

fn file(sink: &values::FileSink) -> Result<LogSink, FieldError> {
    Ok(LogSink::File(FileLog {
        path: given("path", &sink.path)?,
        format: format(sink)?,
    }))
}

/// A text that has to be there.
fn given(name: &str, text: &str) -> Result<Box<str>, FieldError> {
    match text {
        "" => Err(FieldError::new("expected a text, found none").within(name)),
        text => Ok(text.into()),
    }
}

fn of_envoy(sink: &values::GrpcLogSink, servers: &impl LogServers) -> Result<LogSink, FieldError> {
    let names = |at: &str, written: &[String]| {
        let name = |name: &String| HeaderName::new(name).map_err(invalid);
        let names: Result<Vec<_>, _> = written.iter().map(name).collect();
        names.map_err(|error| error.within(at))
    };
    let fields = LoggedFields {
        request: names(
            "additionalRequestHeadersToLog",
            &sink.additional_request_headers_to_log,
        )?,
        response: names(
            "additionalResponseHeadersToLog",
            &sink.additional_response_headers_to_log,
        )?,
        trailers: names(
            "additionalResponseTrailersToLog",
            &sink.additional_response_trailers_to_log,
        )?,
    };
    let cluster = given("staticClusterName", &sink.static_cluster_name)?;
    Ok(LogSink::Server(ServerLog {
        server: servers.cluster(&cluster),
        authority: None,
        headers: Vec::new(),
        timeout: None,
        name: given("logName", &sink.log_name)?,
        entries: LogEntries::Envoy(fields),
    }))
}

fn of_telemetry(
    sink: &values::OpenTelemetrySink,
    position: usize,
    servers: &impl LogServers,
) -> Result<LogSink, FieldError> {
    let missing = || FieldError::new("expected a collector, found none");
    let collector = sink.collector.as_ref().ok_or_else(missing)?;
    let within = |error: FieldError| error.within("collector");
    let server = servers.collector(position, collector).map_err(within)?;
    let headers = collector.headers.iter().map(|(name, value)| {
        let name = HeaderName::new(name).map_err(invalid)?;
        Ok((name, HeaderValue::new(value).map_err(invalid)?))
    });
    let headers: Result<Vec<_>, FieldError> = headers.collect();
    let headers = headers.map_err(|error| within(error.within("headers")))?;
    let authority = match collector.authority.as_str() {
        "" => &collector.endpoint,
        authority => authority,
    };
    let body = sink.body.as_ref().map(telemetry_value).transpose();
    Ok(LogSink::Server(ServerLog {
        server,
        authority: Some(authority.into()),
        headers,
        timeout: collector.timeout.map(|limit| limit.0),
        name: given("logName", &sink.log_name)?,
        entries: LogEntries::OpenTelemetry(LoggedRecord {
            labelled: !sink.disable_builtin_labels,
            body: body.map_err(|error| error.within("body"))?,
            attributes: telemetry_map(&sink.attributes)
                .map_err(|error| error.within("attributes"))?,
        }),
    }))
}

fn telemetry_value(written: &TelemetryValue) -> Result<LogValue, FieldError> {
    Ok(match written {
        TelemetryValue::StringValue(text) => LogValue::Text(Format::new(text).map_err(invalid)?),
        TelemetryValue::ArrayValue(list) => {
            let values = list.values.iter().map(telemetry_value);
            LogValue::List(values.collect::<Result<_, _>>()?)
        }
        TelemetryValue::KvlistValue(map) => LogValue::Object(telemetry_map(map)?),
    })
}

fn telemetry_map(written: &TelemetryMap) -> Result<BTreeMap<Box<str>, LogValue>, FieldError> {
    let entries = written.values.iter().map(|entry| {
        let value = telemetry_value(&entry.value);
        let value = value.map_err(|error| error.within(&entry.key))?;
        Ok((entry.key.as_str().into(), value))
    });
    entries.collect()
}

fn format(sink: &values::FileSink) -> Result<LogFormat, FieldError> {
    match (&sink.string_format, &sink.json_format) {
        (Some(_), Some(_)) => Err(FieldError::new(
            "expected one of stringFormat, jsonFormat, found both",
        )),
        (_, Some(json)) => Ok(LogFormat::Json(
            value(json).map_err(|error| error.within("jsonFormat"))?,
        )),
        (text, None) => {
            let text = text.as_deref().filter(|text| !text.is_empty());
            let format = Format::new(text.unwrap_or(USUAL)).map_err(invalid);
            Ok(LogFormat::Text(
                format.map_err(|error| error.within("stringFormat"))?,
            ))
        }
    }
}

fn value(written: &Value) -> Result<LogValue, FieldError> {
    Ok(match written {
        Value::String(text) => LogValue::Text(Format::new(text).map_err(invalid)?),
        Value::Array(items) => LogValue::List(items.iter().map(value).collect::<Result<_, _>>()?),
        Value::Object(fields) => {
            let field = |(name, written): (&String, &Value)| {
                let value = value(written).map_err(|error| error.within(name))?;
                Ok((name.as_str().into(), value))
            };
            LogValue::Object(
                fields
                    .iter()
                    .map(field)
                    .collect::<Result<_, FieldError>>()?,
            )
        }
        literal => LogValue::Literal(literal.to_string().into()),
    })
}
