//! The sockets of listeners, and what comes before anything else on their connections.

use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, SocketState};

use crate::ir::{KeptTlv, ProxyProtocol, SocketMoment, SocketOption, SocketValue};

/// Whether connections say where they come from.
pub(crate) fn proxy_protocol(written: &values::ProxyProtocol) -> Result<ProxyProtocol, FieldError> {
    let kept = |rule: &values::TlvRule| {
        let too_large =
            |_| FieldError::new(format!("expected at most 255, found {}", rule.tlv_type));
        let kind = u8::try_from(rule.tlv_type).map_err(too_large);
        let key = rule.on_tlv_present.clone().unwrap_or_default();
        Ok(KeptTlv {
            kind: kind.map_err(|error| error.within("tlvType").within("rules"))?,
            namespace: match key.metadata_namespace.as_str() {
                "" => USUAL_NAMESPACE.into(),
                namespace => namespace.into(),
            },
            key: key.key.into(),
        })
    };
    let kept = written.rules.iter().map(kept);
    Ok(ProxyProtocol {
        kept: kept.collect::<Result<_, _>>()?,
    })
}

/// Where Envoy keeps what is given no namespace.
const USUAL_NAMESPACE: &str = "envoy.filters.listener.proxy_protocol";

/// Envoy takes any number; a limit below this one would hold up each request.
const LEAST_BUFFER: u32 = 1_024;

/// How many bytes are kept that are on their way on a connection.
pub(crate) fn buffer_limit(written: &u32) -> Result<u32, FieldError> {
    match *written {
        limit if limit < LEAST_BUFFER => {
            let message = format!("expected at least {LEAST_BUFFER}, found {limit}");
            Err(FieldError::new(message))
        }
        limit => Ok(limit),
    }
}

/// Options of a socket.
pub(crate) fn socket_options(
    written: &[values::SocketOption],
) -> Result<Vec<SocketOption>, FieldError> {
    let option = |written: &values::SocketOption| {
        Ok(SocketOption {
            value: value(written)?,
            when: match written.state {
                SocketState::Bound => SocketMoment::Bound,
                SocketState::Listening => SocketMoment::Listening,
                _ => SocketMoment::Unbound,
            },
        })
    };
    written.iter().map(option).collect()
}

const SOL_SOCKET: i64 = 1;
const IPPROTO_IP: i64 = 0;
const IPPROTO_TCP: i64 = 6;
const IPPROTO_IPV6: i64 = 41;

/// The numbers are those of Linux.
fn value(written: &values::SocketOption) -> Result<SocketValue, FieldError> {
    let (level, name) = (whole(written.level), whole(written.name));
    let number = || {
        let value = written.int_value.map(|value| value.0);
        let number = value.and_then(|value| u32::try_from(value).ok());
        number.ok_or_else(|| FieldError::new("intValue: expected a number"))
    };
    let flag = || number().map(|number| number != 0);
    let seconds = || number().map(|number| Duration::from_secs(number.into()));
    let text = || {
        let bytes = written.buf_value.as_ref();
        let text = bytes.and_then(|bytes| str::from_utf8(&bytes.0).ok());
        let text = text.map(|text| text.trim_end_matches('\0').into());
        text.ok_or_else(|| FieldError::new("bufValue: expected a text in base64"))
    };
    Ok(match (level, name) {
        (SOL_SOCKET, 2) => SocketValue::ReuseAddress(flag()?),
        (SOL_SOCKET, 7) => SocketValue::SendBuffer(number()?),
        (SOL_SOCKET, 8) => SocketValue::ReceiveBuffer(number()?),
        (SOL_SOCKET, 9) => SocketValue::KeepAlive(flag()?),
        (SOL_SOCKET, 12) => SocketValue::Priority(number()?),
        (SOL_SOCKET, 25) => SocketValue::Device(text()?),
        (SOL_SOCKET, 36) => SocketValue::Mark(number()?),
        (IPPROTO_TCP, 1) => SocketValue::NoDelay(flag()?),
        (IPPROTO_TCP, 2) => SocketValue::SegmentSize(number()?),
        (IPPROTO_TCP, 4) => SocketValue::KeepIdle(seconds()?),
        (IPPROTO_TCP, 5) => SocketValue::KeepInterval(seconds()?),
        (IPPROTO_TCP, 6) => SocketValue::KeepCount(number()?),
        (IPPROTO_TCP, 13) => SocketValue::Congestion(text()?),
        (IPPROTO_TCP, 18) => SocketValue::UserTimeout(Duration::from_millis(number()?.into())),
        (IPPROTO_IP, 1) => SocketValue::TypeOfService(number()?),
        (IPPROTO_IP, 2) => SocketValue::TimeToLive(number()?),
        (IPPROTO_IP, 15) => SocketValue::FreeBind(flag()?),
        (IPPROTO_IPV6, 67) => SocketValue::TrafficClass(number()?),
        _ => {
            let message = format!("the option {name} of level {level} is not known here");
            return Err(FieldError::new(message));
        }
    })
}

fn whole(number: Option<gateway_model::k8s_gateway::proto::Whole>) -> i64 {
    number.map_or(0, |number| number.0)
}
