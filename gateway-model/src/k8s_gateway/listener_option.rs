//! ListenerOption.

use super::options::options;
use super::{OptionStatuses, POLICIES, PolicySpec, kind, values};
use crate::Object;

/// Options for the connections of listeners.
pub type ListenerOption = Object<PolicySpec<ListenerOptions>, OptionStatuses>;

kind!(
    ListenerOption,
    "ListenerOption",
    "listeneroptions",
    POLICIES,
    "v1"
);

options! {
    /// What can be set for the connections of a listener.
    ListenerOptions {
        /// Where it is written what became of requests.
        access_logging_service: values::AccessLogging = "accessloggingservice" ["accessLoggingService"],
        /// How connections are spread over threads.
        connection_balance_config: values::ConnectionBalance = "connectionbalanceconfig" ["connectionBalanceConfig"],
        /// Where it is written what became of connections.
        listener_access_logging_service: values::AccessLogging =
            "listeneraccessloggingservice" ["listenerAccessLoggingService"],
        /// How much is kept of what is on its way on a connection.
        per_connection_buffer_limit_bytes: u32 = "perconnectionbufferlimitbytes" ["perConnectionBufferLimitBytes"],
        /// Whether connections say where they come from.
        proxy_protocol: values::ProxyProtocol = "proxyprotocol" ["proxyProtocol"],
        /// Options of the socket.
        socket_options: Vec<values::SocketOption> = "socketoptions" ["socketOptions"],
    }
    refused: [],
    ignored: ["extensions", "tcpStats"],
}
