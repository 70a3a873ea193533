//! Arguments of `gateway controller`.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::Args;
use gateway_model::{AddressType, GatewayStatusAddress};
use gateway_resolve::{
    AllowedHostname, ClassSelection, Config, DEFAULT_CONTROLLER_NAME, UsableAddresses,
};

use super::addresses::Pool;
use super::claims::{Allowance, claims};
use crate::cli::LogFormat;
use crate::traffic::TrafficArguments;

/// Arguments of `gateway controller`.
#[derive(Debug, Args)]
pub(crate) struct ControllerArguments {
    /// Serve the Gateways whose GatewayClass has this controllerName
    #[arg(long, value_name = "NAME", default_value = DEFAULT_CONTROLLER_NAME)]
    pub(crate) controller_name: String,

    /// Take away what was written to routes under this name, which no other controller may have;
    /// repeat for several
    #[arg(long, value_name = "NAME")]
    pub(crate) former_controller_name: Vec<String>,

    /// Give each Gateway an address of its own out of these, which have to be this machine's
    #[arg(
        long,
        value_name = "CIDR|IP,...",
        required_unless_present = "shared_address"
    )]
    pub(crate) addresses: Option<Pool>,

    /// Where clients reach all Gateways, such as a load balancer before this process
    #[arg(
        long,
        value_name = "IP|HOSTNAME",
        conflicts_with = "addresses",
        value_parser = shared_address
    )]
    pub(crate) shared_address: Option<GatewayStatusAddress>,

    /// The hostnames that listeners in a namespace may have, * for all; without this option any.
    /// Namespace * stands for all; repeat for several
    #[arg(long, value_name = "NAMESPACE=HOSTNAME,...")]
    pub(crate) allow_hostnames: Vec<Allowance<AllowedHostname>>,

    /// The ports that listeners in a namespace may have; without this option any. Namespace * stands
    /// for all; repeat for several
    #[arg(long, value_name = "NAMESPACE=PORT[-PORT],...")]
    pub(crate) allow_ports: Vec<Allowance<RangeInclusive<u16>>>,

    /// How traffic is served.
    #[command(flatten)]
    pub(crate) traffic: TrafficArguments,

    /// Where /healthz, /readyz and /metrics are answered
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:9902")]
    pub(crate) health: SocketAddr,

    /// The Lease that decides which replica writes statuses
    #[arg(
        long,
        value_name = "[NAMESPACE/]NAME",
        default_value = "gateway-controller"
    )]
    pub(crate) lease: String,

    /// Hold what is served against a resolution of everything so often, in the background; differences, which are
    /// defects of this program, are logged and counted on /metrics
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) audit_every: Option<Duration>,

    /// What to log: error, warn, info, debug, trace, or filters such as gateway=debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: String,

    /// How to log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

impl ControllerArguments {
    /// What resolution depends on.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        config.controller_name.clone_from(&self.controller_name);
        config.classes = ClassSelection::Controller;
        config.default_addresses = self.shared_address.iter().cloned().collect();
        let pool = self.addresses.as_ref().map(Pool::networks);
        config.addresses_are_allocated = pool.is_some();
        config.listener_claims = claims(&self.allow_hostnames, &self.allow_ports);
        // What the cluster gets of each Gateway.
        let infrastructure = "GatewayInfrastructurePropagation".to_owned();
        config.supported_features.insert(infrastructure);
        config.usable_addresses = UsableAddresses::Within(pool.unwrap_or_default().to_vec());
        config
    }
}

/// As in the API: `10s`, `5m`.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = gateway_model::Duration::new(text).map_err(|error| error.to_string())?;
    Ok(duration.to_std())
}

fn shared_address(text: &str) -> Result<GatewayStatusAddress, String> {
    let type_ = match text.parse::<IpAddr>() {
        Ok(_) => AddressType::IpAddress,
        Err(_) => {
            gateway_model::Hostname::new(text).map_err(|error| error.to_string())?;
            AddressType::Hostname
        }
    };
    Ok(GatewayStatusAddress {
        type_,
        value: text.to_owned(),
    })
}
