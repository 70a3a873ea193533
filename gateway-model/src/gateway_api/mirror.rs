//! Copies of requests.

use serde::{Deserialize, Serialize};

use super::BackendObjectReference;

/// Sends copies of requests to a backend whose responses are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct RequestMirror {
    /// Where the copies go.
    pub backend_ref: BackendObjectReference,
    /// How many of the requests are copied.
    pub share: MirrorShare,
}

/// How many of the requests are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MirrorShare {
    /// All, where the manifest doesn't say.
    All,
    /// 0 to 100 of a hundred.
    Percent(u8),
    /// Some out of many.
    Fraction(MirrorFraction),
}

/// `numerator` out of `denominator` requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MirrorFraction {
    /// How many; at most `denominator`.
    pub numerator: u32,
    /// Out of how many; at least 1, by default 100.
    pub denominator: u32,
}

/// As the CRD has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    backend_ref: BackendObjectReference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fraction: Option<MirrorFraction>,
}

impl TryFrom<Wire> for RequestMirror {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let share = match (wire.percent, wire.fraction) {
            (None, None) => MirrorShare::All,
            (Some(percent), None) => MirrorShare::Percent(percent),
            (None, Some(fraction)) => MirrorShare::Fraction(fraction),
            (Some(_), Some(_)) => return Err("expected percent or fraction, found both"),
        };
        Ok(Self {
            backend_ref: wire.backend_ref,
            share,
        })
    }
}

impl From<RequestMirror> for Wire {
    fn from(mirror: RequestMirror) -> Self {
        let (percent, fraction) = match mirror.share {
            MirrorShare::All => (None, None),
            MirrorShare::Percent(percent) => (Some(percent), None),
            MirrorShare::Fraction(fraction) => (None, Some(fraction)),
        };
        Self {
            backend_ref: mirror.backend_ref,
            percent,
            fraction,
        }
    }
}
