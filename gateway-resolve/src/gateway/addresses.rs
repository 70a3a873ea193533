//! The addresses of a Gateway: asked for, bound and shown.

use std::net::IpAddr;

use gateway_model::{AddressType, Gateway, GatewayAddress, GatewayStatusAddress};

use crate::Config;
use crate::problem::Problem;
use crate::reason::{GatewayAccepted, GatewayProgrammed};

/// Where a Gateway is bound, and what is wrong with the addresses that it asks for.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    /// Where its listeners are bound.
    pub(crate) bound: Bound,
    /// The addresses of its status.
    pub(crate) shown: Vec<GatewayStatusAddress>,
    /// Addresses that keep the Gateway from being accepted.
    pub(crate) refused: Vec<Problem<GatewayAccepted>>,
    /// Addresses that keep the Gateway from being programmed.
    pub(crate) unusable: Vec<Problem<GatewayProgrammed>>,
}

/// Where a Gateway is bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Bound {
    /// To the data plane's default.
    #[default]
    Default,
    /// To these addresses, ordered and without repeats.
    To(Vec<IpAddr>),
    /// Nowhere: it asks for addresses, and none can be used.
    Nowhere,
}

/// What one entry of `spec.addresses` asks for.
enum Wish {
    /// This address.
    Exactly(IpAddr),
    /// Any address.
    Some,
}

/// Decides where a Gateway is bound (section 5.7, Gateway addresses).
pub(crate) fn addresses(gateway: &Gateway, config: &Config) -> Addresses {
    let mut addresses = Addresses::default();
    let mut bound = Vec::new();
    let mut unassigned = Vec::new();
    for (index, address) in gateway.spec.addresses.iter().enumerate() {
        let field = format!("spec.addresses[{index}]");
        match wish(address) {
            Err(message) => {
                let reason = GatewayAccepted::UnsupportedAddress;
                addresses.refused.push(Problem::new(reason, field, message));
            }
            Ok(Wish::Exactly(ip)) if config.usable_addresses.contains(ip) => bound.push(ip),
            Ok(Wish::Exactly(ip)) => {
                addresses.unusable.push(not_usable(field, ip));
            }
            Ok(Wish::Some) => unassigned.push(field),
        }
    }
    let wants_default = gateway.spec.addresses.is_empty() || !unassigned.is_empty();
    if wants_default && bound.is_empty() && addresses.unusable.is_empty() {
        addresses.shown.clone_from(&config.default_addresses);
        return addresses;
    }
    addresses
        .unusable
        .extend(unassigned.into_iter().map(not_assigned));
    bound.sort();
    bound.dedup();
    addresses.shown = bound.iter().map(|ip| shown(*ip)).collect();
    addresses.bound = match bound.is_empty() {
        true => Bound::Nowhere,
        false => Bound::To(bound),
    };
    addresses
}

fn wish(address: &GatewayAddress) -> Result<Wish, String> {
    match (&address.type_, address.value.as_deref()) {
        (AddressType::IpAddress, None | Some("")) => Ok(Wish::Some),
        (AddressType::IpAddress, Some(value)) => value
            .parse()
            .map(Wish::Exactly)
            .map_err(|_| format!("expected an IP address, found {value:?}")),
        (other, _) => Err(format!(
            "expected an address of type IPAddress, found type {other}"
        )),
    }
}

fn not_usable(field: String, address: IpAddr) -> Problem<GatewayProgrammed> {
    let message = format!("{address} is not among the addresses that Gateways may have here");
    Problem::new(GatewayProgrammed::AddressNotUsable, field, message)
}

fn not_assigned(field: String) -> Problem<GatewayProgrammed> {
    let message = "no address can be allocated beside the ones that are given; \
                   give a value, or remove the other addresses";
    Problem::new(GatewayProgrammed::AddressNotAssigned, field, message)
}

fn shown(address: IpAddr) -> GatewayStatusAddress {
    GatewayStatusAddress {
        type_: AddressType::IpAddress,
        value: address.to_string(),
    }
}
