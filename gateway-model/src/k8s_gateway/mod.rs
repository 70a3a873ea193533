//! The kinds of K8sGateway: policies for routes, virtual hosts and listeners, and what goes with them.
//!
//! Their CRDs say little of what is valid: they come of protocol buffers, whose JSON form is read here
//! ([`proto`]). **Presence is meaning**: an explicit `false`, `0`, `""` or `{}` is set; an empty list isn't,
//! nor is an empty map. A value that is wrong speaks against its option alone ([`Field`]), and what no type
//! here reads of an option is known by its path.

mod direct_response;
mod field;
mod gateway_parameters;
mod http_listener_option;
mod listener_option;
mod options;
mod policy;
pub mod proto;
mod route_option;
mod settings;
mod status;
mod upstream;
pub mod values;
mod virtual_host_option;

pub use direct_response::{DirectResponse, DirectResponseSpec};
pub use field::{Field, FieldError, Fields};
pub use gateway_parameters::{GatewayParameters, GatewayParametersSpec};
pub use http_listener_option::{HttpListenerOption, HttpListenerOptions};
pub use listener_option::{ListenerOption, ListenerOptions};
pub use options::{FieldView, Options};
pub use policy::PolicySpec;
pub use route_option::{RouteOption, RouteOptions};
pub use settings::{Settings, SettingsSpec};
pub use status::{OptionState, OptionStatus, OptionStatuses};
pub use upstream::{Upstream, UpstreamSpec};
pub use virtual_host_option::{VirtualHostOption, VirtualHostOptions};

/// The group of the policies.
const POLICIES: &str = "gateway.solo.io";

/// The group of what the control plane works with.
const CONTROL_PLANE: &str = "gloo.solo.io";

/// The group of what came with the Gateway API.
const GATEWAY: &str = "gateway.gloo.solo.io";

/// Says of an object type what kind it is.
macro_rules! kind {
    ($kind:ty, $name:literal, $plural:literal, $group:expr, $version:literal) => {
        impl $crate::Kind for $kind {
            const GROUP: &'static str = $group;
            const KIND: &'static str = $name;
            const PLURAL: &'static str = $plural;
            const VERSIONS: &'static [&'static str] = &[$version];
            const NAMESPACED: bool = true;

            fn metadata(&self) -> &$crate::ObjectMeta {
                &self.metadata
            }
        }
    };
}
use kind;
