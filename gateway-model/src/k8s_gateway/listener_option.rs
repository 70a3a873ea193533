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
    }
    refused: [],
    ignored: [
        "connectionBalanceConfig", "extensions", "listenerAccessLoggingService", "perConnectionBufferLimitBytes",
        "proxyProtocol", "socketOptions", "tcpStats",
    ],
}
