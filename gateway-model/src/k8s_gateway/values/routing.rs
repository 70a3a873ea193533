//! What requests are told apart by, and what they may change to.

use serde::{Deserialize, Deserializer};

use crate::k8s_gateway::proto::{Span, at_most_one};

/// What is hashed of requests, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LbHash {
    /// The parts.
    pub hash_policies: Vec<HashPolicy>,
}

/// A part of requests that is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashPolicy {
    /// Which.
    pub key: HashKey,
    /// Are those after it left out, if there is a hash by now?
    pub terminal: bool,
}

/// A part of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashKey {
    /// A header.
    Header(String),
    /// A cookie.
    Cookie(HashCookie),
    /// The address that they come from.
    SourceIp(bool),
    /// None.
    Nothing,
}

/// A cookie.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct HashCookie {
    /// Its name.
    pub name: String,
    /// How long it lives that clients get which have none; they get none when it is not given.
    pub ttl: Option<Span>,
    /// Its path.
    pub path: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireHashPolicy {
    header: Option<String>,
    cookie: Option<HashCookie>,
    source_ip: Option<bool>,
    terminal: bool,
}

impl<'de> Deserialize<'de> for HashPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireHashPolicy::deserialize(deserializer)?;
        at_most_one::<D::Error>(&[
            ("header", wire.header.is_some()),
            ("cookie", wire.cookie.is_some()),
            ("sourceIp", wire.source_ip.is_some()),
        ])?;
        let key = match (wire.header, wire.cookie, wire.source_ip) {
            (Some(name), ..) => HashKey::Header(name),
            (_, Some(cookie), _) => HashKey::Cookie(cookie),
            (.., Some(is_on)) => HashKey::SourceIp(is_on),
            (None, None, None) => HashKey::Nothing,
        };
        let terminal = wire.terminal;
        Ok(Self { key, terminal })
    }
}

/// A protocol that requests may change to, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Which.
    pub kind: UpgradeType,
    /// May they? They may, when it is not given.
    pub enabled: Option<bool>,
}

/// A protocol that requests may change to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpgradeType {
    /// WebSocket.
    Websocket,
    /// A tunnel.
    Connect,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUpgrade {
    websocket: Option<Switch>,
    connect: Option<Switch>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Switch {
    enabled: Option<bool>,
}

impl<'de> Deserialize<'de> for Upgrade {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WireUpgrade { websocket, connect } = WireUpgrade::deserialize(deserializer)?;
        at_most_one::<D::Error>(&[
            ("websocket", websocket.is_some()),
            ("connect", connect.is_some()),
        ])?;
        match (websocket, connect) {
            (Some(Switch { enabled }), _) => Ok(Self {
                kind: UpgradeType::Websocket,
                enabled,
            }),
            (_, Some(Switch { enabled })) => Ok(Self {
                kind: UpgradeType::Connect,
                enabled,
            }),
            (None, None) => Err(serde::de::Error::custom(
                "expected websocket or connect, found neither",
            )),
        }
    }
}
