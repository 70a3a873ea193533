//! How HTTP is spoken with clients.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::proto::Span;
use gateway_model::k8s_gateway::values::{self, ConnectionManager, UpgradeType};

use super::headers::early_changes;
use crate::ir::{
    CertificateNotice, CertificatePart, ClientAddress, ConnectionTimes, EscapedSlashes, Http1,
    Http2, HttpVersion, Network, Protocols, Provenance, RequestHeads, RequestIds, ServerHeader,
    Underscores, Upgrades,
};
use crate::reader::Reader;

/// What it comes to; nothing where all is as it is otherwise.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Managed {
    pub(crate) provenance: Option<Provenance>,
    pub(crate) via: Option<Box<str>>,
    pub(crate) server_header: Option<ServerHeader>,
    pub(crate) protocols: Option<Protocols>,
    pub(crate) times: Option<ConnectionTimes>,
    pub(crate) request_heads: Option<RequestHeads>,
}

/// How HTTP is spoken with clients.
pub(crate) fn connection_manager(
    written: &ConnectionManager,
    reader: &Reader<'_>,
) -> Result<Managed, FieldError> {
    Ok(Managed {
        provenance: unless_default(provenance(written)?),
        via: Some(written.via.as_str())
            .filter(|via| !via.is_empty())
            .map(Into::into),
        server_header: server_header(written),
        protocols: unless_default(protocols(written)?),
        times: unless_default(times(written)?),
        request_heads: unless_default(request_heads(written, reader)?),
    })
}

/// The fields whose values are known, and not honoured.
pub(crate) fn without_effect(written: &ConnectionManager) -> Vec<&'static str> {
    let fields: [(&str, bool); 4] = [
        ("normalizePath", written.normalize_path == Some(false)),
        (
            "proxy100Continue",
            written.proxy_100_continue == Some(false),
        ),
        ("enableTrailers", written.enable_trailers == Some(false)),
        (
            "upgrades.connect",
            written
                .upgrades
                .iter()
                .any(|upgrade| upgrade.kind == UpgradeType::Connect),
        ),
    ];
    let found = fields.into_iter().filter(|(_, is_without)| *is_without);
    found.map(|(name, _)| name).collect()
}

fn unless_default<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

fn provenance(written: &ConnectionManager) -> Result<Provenance, FieldError> {
    let (own, hops) = (written.use_remote_address, written.xff_num_trusted_hops);
    let skip = written.skip_xff_append;
    let client = ClientAddress {
        of_connection: own.unwrap_or(false),
        trusted_hops: hops.unwrap_or(0),
        left_alone: skip.unwrap_or(false),
    };
    let is_told = own.is_some() || hops.is_some() || skip.is_some();
    let (generate, preserve) = (
        written.generate_request_id,
        written.preserve_external_request_id,
    );
    let ids = RequestIds {
        generated: generate.unwrap_or(true),
        kept: preserve.unwrap_or(false),
    };
    let internal = written.internal_address_config.as_ref();
    let networks = internal.map(|config| config.cidr_ranges.iter().map(network).collect());
    Ok(Provenance {
        client: is_told.then_some(client),
        port: written.append_x_forwarded_port,
        request_id: (generate.is_some() || preserve.is_some() || is_told).then_some(ids),
        internal: networks.transpose()?,
        certificate: written
            .forward_client_cert_details
            .map(|handling| certificate(handling, written)),
    })
}

fn certificate(
    handling: values::ForwardedCertificates,
    written: &ConnectionManager,
) -> CertificateNotice {
    use values::ForwardedCertificates as Written;
    let details = written
        .set_current_client_cert_details
        .clone()
        .unwrap_or_default();
    let parts = [
        (CertificatePart::Whole, details.cert),
        (CertificatePart::Chain, details.chain),
        (CertificatePart::Subject, details.subject),
        (CertificatePart::Uris, details.uri),
        (CertificatePart::Names, details.dns),
    ];
    let told = |appended| CertificateNotice::Told {
        appended,
        parts: parts
            .into_iter()
            .filter(|(_, is_told)| *is_told)
            .map(|(part, _)| part)
            .collect(),
    };
    match handling {
        Written::ForwardOnly => CertificateNotice::Passed { of_shown: true },
        Written::AlwaysForwardOnly => CertificateNotice::Passed { of_shown: false },
        Written::AppendForward => told(true),
        Written::SanitizeSet => told(false),
        _ => CertificateNotice::Removed,
    }
}

fn network(written: &values::CidrRange) -> Result<Network, FieldError> {
    let values::CidrRange {
        address_prefix,
        prefix_len,
    } = written;
    let address: Option<IpAddr> = address_prefix.parse().ok();
    let most = if address.is_some_and(|address| address.is_ipv4()) {
        32
    } else {
        128
    };
    let bits = u8::try_from(*prefix_len).ok().filter(|bits| *bits <= most);
    let network = address.zip(bits);
    let network = network.map(|(address, bits)| Network { address, bits });
    network.ok_or_else(|| {
        let message = format!("expected a network, found {address_prefix}/{prefix_len}");
        FieldError::new(message).within("internalAddressConfig")
    })
}

/// What Envoy calls itself.
const ENVOY: &str = "envoy";

fn server_header(written: &ConnectionManager) -> Option<ServerHeader> {
    let name = written
        .server_name
        .as_deref()
        .filter(|name| !name.is_empty());
    let (name, is_told) = (name.unwrap_or(ENVOY), name.is_some());
    match written.server_header_transformation {
        None if !is_told => None,
        None | Some(values::ServerHeader::Overwrite) => Some(ServerHeader::Replaced(name.into())),
        Some(values::ServerHeader::AppendIfAbsent) => Some(ServerHeader::Completed(name.into())),
        Some(_) => Some(ServerHeader::Kept),
    }
}

fn protocols(written: &ConnectionManager) -> Result<Protocols, FieldError> {
    let host = written.default_host_for_http_10.as_str();
    let both = [
        written.proper_case_header_key_format,
        written.preserve_case_header_key_format,
    ];
    if both == [Some(true); 2] {
        let message =
            "expected one of properCaseHeaderKeyFormat, preserveCaseHeaderKeyFormat, found both";
        return Err(FieldError::new(message));
    }
    let limits = written.http2_protocol_options.clone().unwrap_or_default();
    Ok(Protocols {
        only: match written.codec_type {
            values::CodecType::Http1 => Some(HttpVersion::Http1),
            values::CodecType::Http2 => Some(HttpVersion::Http2),
            _ => None,
        },
        http1: Http1 {
            refuses_1_0: written.accept_http_10 == Some(false),
            default_host: Some(host).filter(|host| !host.is_empty()).map(Into::into),
            refuses_two_lengths: written.allow_chunked_length == Some(false),
            capitalises: written.proper_case_header_key_format == Some(true),
        },
        http2: Http2 {
            streams: at_least(1, limits.max_concurrent_streams, "maxConcurrentStreams")?,
            stream_window: window(limits.initial_stream_window_size, "initialStreamWindowSize")?,
            connection_window: window(
                limits.initial_connection_window_size,
                "initialConnectionWindowSize",
            )?,
        },
        upgrades: upgrades(&written.upgrades),
    })
}

/// WebSocket is among them unless it is disabled.
fn upgrades(written: &[values::Upgrade]) -> Option<Upgrades> {
    let is_off = |upgrade: &values::Upgrade| {
        upgrade.kind == UpgradeType::Websocket && upgrade.enabled == Some(false)
    };
    let websocket = !written.iter().any(is_off);
    (!written.is_empty()).then_some(Upgrades { websocket })
}

/// What RFC 9113 section 6.9.2 allows, from its initial value on, as Envoy does.
fn window(size: Option<u32>, name: &str) -> Result<Option<u32>, FieldError> {
    const MOST: u32 = i32::MAX as u32;
    match size {
        Some(size) if !(65_535..=MOST).contains(&size) => {
            let message = format!("expected 65535 to {MOST}, found {size}");
            Err(FieldError::new(message)
                .within(name)
                .within("http2ProtocolOptions"))
        }
        size => Ok(size),
    }
}

fn at_least(least: u32, number: Option<u32>, name: &str) -> Result<Option<u32>, FieldError> {
    match number {
        Some(number) if number < least => {
            let message = format!("expected at least {least}, found {number}");
            Err(FieldError::new(message).within(name))
        }
        number => Ok(number),
    }
}

/// How long Envoy waits for requests on a connection that is to close.
const DRAIN: Duration = Duration::from_secs(5);

fn times(written: &ConnectionManager) -> Result<ConnectionTimes, FieldError> {
    let time = |span: Option<Span>| span.map(|span| span.0);
    let drain = time(written.drain_timeout);
    let requests = at_least(
        1,
        written.max_requests_per_connection,
        "maxRequestsPerConnection",
    )?;
    // An idle connection is drained before it closes.
    let drained = |idle: Duration| match idle.is_zero() {
        true => idle,
        false => idle.saturating_add(drain.unwrap_or(DRAIN)),
    };
    Ok(ConnectionTimes {
        idle: time(written.idle_timeout).map(drained),
        whole: time(written.max_connection_duration),
        requests: requests.and_then(NonZeroU32::new),
        drain,
        linger: time(written.delayed_close_timeout),
        head: time(written.request_headers_timeout).filter(|time| !time.is_zero()),
        request: time(written.request_timeout).filter(|time| !time.is_zero()),
        exchange: time(written.max_stream_duration).filter(|time| !time.is_zero()),
        stalled: time(written.stream_idle_timeout),
    })
}

/// What Envoy takes at most, in KiB.
const MOST_OF_A_HEAD: u32 = 8_192;

fn request_heads(
    written: &ConnectionManager,
    reader: &Reader<'_>,
) -> Result<RequestHeads, FieldError> {
    let kilobytes = at_least(1, written.max_request_headers_kb, "maxRequestHeadersKb")?;
    if kilobytes.is_some_and(|size| size > MOST_OF_A_HEAD) {
        let message = format!("expected at most {MOST_OF_A_HEAD}");
        return Err(FieldError::new(message).within("maxRequestHeadersKb"));
    }
    Ok(RequestHeads {
        bytes: kilobytes.map(|size| size << 10),
        fields: at_least(1, written.max_headers_count, "maxHeadersCount")?,
        underscores: match written.headers_with_underscores_action {
            values::Underscores::Reject => Some(Underscores::Refused),
            values::Underscores::Drop => Some(Underscores::Removed),
            _ => None,
        },
        escaped_slashes: match written.path_with_escaped_slashes_action {
            values::EscapedSlashes::Reject => EscapedSlashes::Refused,
            values::EscapedSlashes::Redirect => EscapedSlashes::Redirected,
            values::EscapedSlashes::Forward => EscapedSlashes::Unescaped,
            _ => EscapedSlashes::Kept,
        },
        merges_slashes: written.merge_slashes,
        bare_hosts: written.strip_any_host_port,
        changes: match &written.early_header_manipulation {
            Some(early) => early_changes(early, reader)
                .map_err(|error| error.within("earlyHeaderManipulation"))?,
            None => Default::default(),
        },
    })
}
