//! The sockets of listeners, and what comes before anything else on their connections.

use serde::Deserialize;

use crate::k8s_gateway::proto::{Bytes, Whole, numbered};

/// An option of a socket, by the numbers that the system has for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SocketOption {
    /// What it is for.
    pub description: String,
    /// Its level.
    pub level: Option<Whole>,
    /// Its name.
    pub name: Option<Whole>,
    /// Its value, if that is a number; this or `buf_value`.
    pub int_value: Option<Whole>,
    /// Its value, if that is a text.
    pub buf_value: Option<Bytes>,
    /// When it is set.
    pub state: SocketState,
}

numbered! {
    /// When an option of a socket is set.
    SocketState {
        /// Before it has an address.
        Prebind = 0 "STATE_PREBIND",
        /// Before it listens.
        Bound = 1 "STATE_BOUND",
        /// Once it listens.
        Listening = 2 "STATE_LISTENING",
    }
}

/// Connections begin with a header that says where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ProxyProtocol {
    /// What is kept of it.
    pub rules: Vec<TlvRule>,
}

/// A part of such a header that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlvRule {
    /// Its type.
    pub tlv_type: u32,
    /// Under which name it is kept.
    pub on_tlv_present: Option<TlvKey>,
}

/// The name of something that is kept of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlvKey {
    /// In which namespace.
    pub metadata_namespace: String,
    /// Its name there.
    pub key: String,
}

/// How connections are spread over threads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionBalance {
    /// So that each has as many.
    pub exact_balance: Option<super::Empty>,
}
