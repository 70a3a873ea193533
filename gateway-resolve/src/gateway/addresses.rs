//! The addresses of a Gateway: asked for, bound and shown.

use std::borrow::Cow;
use std::net::IpAddr;

use gateway_model::{AddressType, Gateway, GatewayAddress, GatewayStatusAddress, Kind};

use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::{GatewayAccepted, GatewayProgrammed};
use crate::{AddressRefusal, Allocation, Config};

/// Where a Gateway is bound, and what is wrong with the addresses that it asks for.
#[derive(Debug, Default, PartialEq, Eq)]
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
    /// One that all Gateways without an address of their own have.
    Shared,
    /// Any address.
    Some,
}

/// Decides where a Gateway is bound (Gateway `spec.addresses`).
pub(crate) fn addresses(gateway: &Gateway, config: &Config, reader: &Reader<'_>) -> Addresses {
    let mut addresses = Addresses::default();
    let are_allocated = config.addresses_are_allocated;
    let allocation = match are_allocated {
        true => reader.allocation(&gateway.reference()),
        false => None,
    };
    let (mut given, mut shared, mut any) = (Vec::new(), Vec::new(), Vec::new());
    if gateway.spec.addresses.is_empty() {
        any.push("spec.addresses".to_owned());
    }
    for (index, address) in gateway.spec.addresses.iter().enumerate() {
        let field = format!("spec.addresses[{index}]");
        match wish(address, config, allocation) {
            Ok(Wish::Exactly(ip)) => given.push(ip),
            Ok(Wish::Shared) => shared.push((field, address)),
            Ok(Wish::Some) => any.push(field),
            Err(Refusal::Unusable(why)) => {
                addresses.unusable.push(not_usable(field, address, &why));
            }
            Err(Refusal::Unsupported(why)) => addresses.refused.push(unsupported(field, why)),
        }
    }
    if given.is_empty() && !shared.is_empty() {
        addresses.shown = shared
            .iter()
            .filter_map(|(_, a)| status_address(a))
            .collect();
        return addresses;
    }
    let unusable = &mut addresses.unusable;
    unusable.extend(
        shared
            .into_iter()
            .map(|(field, a)| not_usable(field, a, ELSEWHERE)),
    );
    if !are_allocated && !any.is_empty() && given.is_empty() && unusable.is_empty() {
        addresses.shown.clone_from(&config.default_addresses);
        return addresses;
    }
    let why = match are_allocated {
        true => NONE_LEFT,
        false => NO_POOL,
    };
    given.extend(allocate(allocation, why, any, unusable));
    bind(addresses, given)
}

const NONE_LEFT: &str = "no address is left for it";
const NO_POOL: &str = "no address can be allocated beside the ones that are given";
const ELSEWHERE: &str = "is not among the addresses that Gateways may have here";

/// The address that was allocated to the Gateway, for the first of the fields that ask for any; the
/// others stay without.
fn allocate(
    allocation: Option<&Allocation>,
    why: &str,
    fields: Vec<String>,
    unusable: &mut Vec<Problem<GatewayProgrammed>>,
) -> Option<IpAddr> {
    let mut fields = fields.into_iter();
    let allocated = allocation.and_then(|allocation| allocation.any);
    let allocated = allocated.filter(|_| fields.next().is_some());
    unusable.extend(fields.map(|field| not_assigned(field, why)));
    allocated
}

fn bind(addresses: Addresses, mut given: Vec<IpAddr>) -> Addresses {
    given.sort();
    given.dedup();
    Addresses {
        shown: given.iter().map(|ip| shown(*ip)).collect(),
        bound: match given.is_empty() {
            true => Bound::Nowhere,
            false => Bound::To(given),
        },
        ..addresses
    }
}

/// Why an address cannot be had.
enum Refusal {
    /// Not here, or not now: what is said of its value.
    Unusable(Cow<'static, str>),
    /// Never: what is wrong with it.
    Unsupported(String),
}

fn wish(
    address: &GatewayAddress,
    config: &Config,
    allocation: Option<&Allocation>,
) -> Result<Wish, Refusal> {
    let (type_, value) = (&address.type_, address.value.as_deref().unwrap_or_default());
    let shared = &config.default_addresses;
    if shared.iter().any(|s| s.type_ == *type_ && s.value == value) {
        return Ok(Wish::Shared);
    }
    match type_ {
        AddressType::IpAddress if value.is_empty() => Ok(Wish::Some),
        AddressType::IpAddress => match value.parse() {
            Ok(ip) if !config.usable_addresses.contains(ip) => {
                Err(Refusal::Unusable(ELSEWHERE.into()))
            }
            Ok(ip) => match allocation.and_then(|all| all.refused.get(&ip)) {
                Some(refusal) => Err(Refusal::Unusable(refused(refusal))),
                None => Ok(Wish::Exactly(ip)),
            },
            Err(_) => Err(Refusal::Unsupported(format!(
                "expected an IP address, found {value:?}"
            ))),
        },
        // A type that some address has here.
        other if shared.iter().any(|s| s.type_ == *other) => {
            Err(Refusal::Unusable(ELSEWHERE.into()))
        }
        other => Err(Refusal::Unsupported(format!(
            "expected an address of type IPAddress, found type {other}"
        ))),
    }
}

fn refused(refusal: &AddressRefusal) -> Cow<'static, str> {
    match refusal {
        AddressRefusal::Held => "is the address of another Gateway".into(),
        AddressRefusal::TooMany(limit) => {
            format!("is one too many: a Gateway gets at most {limit} addresses").into()
        }
    }
}

fn unsupported(field: String, message: String) -> Problem<GatewayAccepted> {
    Problem::new(GatewayAccepted::UnsupportedAddress, field, message)
}

fn not_usable(field: String, address: &GatewayAddress, why: &str) -> Problem<GatewayProgrammed> {
    let value = address.value.as_deref().unwrap_or_default();
    let message = format!("{value} {why}");
    Problem::new(GatewayProgrammed::AddressNotUsable, field, message)
}

fn not_assigned(field: String, why: &str) -> Problem<GatewayProgrammed> {
    let message = format!("{why}; give a value, or remove other addresses");
    Problem::new(GatewayProgrammed::AddressNotAssigned, field, message)
}

/// An address as it was asked for.
fn status_address(address: &GatewayAddress) -> Option<GatewayStatusAddress> {
    Some(GatewayStatusAddress {
        type_: address.type_.clone(),
        value: address.value.clone()?,
    })
}

fn shown(address: IpAddr) -> GatewayStatusAddress {
    GatewayStatusAddress {
        type_: AddressType::IpAddress,
        value: address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use gateway_model::{AddressType, Gateway, Kind, Resource, Timestamp, parse};

    use super::{Addresses, Bound, addresses};
    use crate::grants::grants;
    use crate::reader::Reader;
    use crate::reason::GatewayProgrammed;
    use crate::{AddressRefusal, Allocation, Config, Snapshot, UsableAddresses};

    fn gateway(addresses: &str) -> Gateway {
        let text = format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: web}},
            spec: {{gatewayClassName: any, addresses: {addresses},
                    listeners: [{{name: http, port: 80, protocol: HTTP}}]}}}}"
        );
        match &parse("test.yaml", text.as_bytes()).resources[0].resource {
            Resource::Gateway(gateway) => Gateway::clone(gateway),
            other => unreachable!("{other:?}"),
        }
    }

    fn with_allocated(asked: &str, allocated: Option<&str>) -> Addresses {
        let allocation = Allocation {
            any: allocated.map(|ip| ip.parse().unwrap()),
            ..Allocation::default()
        };
        with_allocation(asked, allocation)
    }

    fn with_allocation(asked: &str, allocation: Allocation) -> Addresses {
        let gateway = gateway(asked);
        let mut snapshot = Snapshot::new();
        snapshot.allocate([(gateway.reference(), allocation)].into());
        let config = Config {
            addresses_are_allocated: true,
            ..Config::default()
        };
        read(&gateway, &config, &snapshot)
    }

    fn read(gateway: &Gateway, config: &Config, snapshot: &Snapshot) -> Addresses {
        let grants = grants(snapshot);
        let reader = Reader::new(snapshot, &grants, &config.kinds, Timestamp::UNIX_EPOCH);
        addresses(gateway, config, &reader)
    }

    fn bound(addresses: &Addresses) -> Vec<String> {
        match &addresses.bound {
            Bound::To(ips) => ips.iter().map(IpAddr::to_string).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn a_gateway_that_asks_for_no_address_or_for_any_gets_the_allocated_one() {
        for asked in ["[]", "[{type: IPAddress}]"] {
            let got = with_allocated(asked, Some("192.0.2.7"));
            assert_eq!(bound(&got), ["192.0.2.7"], "{asked}");
            assert_eq!(got.shown[0].value, "192.0.2.7", "{asked}");
            assert!(got.unusable.is_empty(), "{asked}");
        }
        let both = with_allocated("[{value: 192.0.2.1}, {type: IPAddress}]", Some("192.0.2.7"));
        assert_eq!(bound(&both), ["192.0.2.1", "192.0.2.7"]);
    }

    #[test]
    fn a_gateway_that_asks_for_an_address_does_not_get_another() {
        let got = with_allocated("[{value: 192.0.2.1}]", Some("192.0.2.7"));
        assert_eq!(bound(&got), ["192.0.2.1"]);
    }

    #[test]
    fn an_address_that_is_not_given_to_a_gateway_is_not_usable() {
        for refusal in [AddressRefusal::Held, AddressRefusal::TooMany(1)] {
            let allocation = Allocation {
                refused: [("192.0.2.2".parse().unwrap(), refusal)].into(),
                ..Allocation::default()
            };
            let got = with_allocation("[{value: 192.0.2.1}, {value: 192.0.2.2}]", allocation);
            assert_eq!(bound(&got), ["192.0.2.1"]);
            assert_eq!(got.unusable.len(), 1);
            assert_eq!(got.unusable[0].reason, GatewayProgrammed::AddressNotUsable);
        }
    }

    #[test]
    fn the_address_that_all_gateways_share_may_be_asked_for() {
        let shared = |type_, value: &str| gateway_model::GatewayStatusAddress {
            type_,
            value: value.to_owned(),
        };
        let config = Config {
            default_addresses: vec![shared(AddressType::Hostname, "gateway.example.com")],
            usable_addresses: UsableAddresses::Within(Vec::new()),
            ..Config::default()
        };
        let asked = |text: &str| read(&gateway(text), &config, &Snapshot::new());
        let got = asked("[{type: Hostname, value: gateway.example.com}]");
        assert_eq!(got.bound, Bound::Default);
        assert_eq!(got.shown, config.default_addresses);
        assert!(got.unusable.is_empty() && got.refused.is_empty(), "{got:?}");
        for other in [
            "[{type: Hostname, value: other.example.com}]",
            "[{value: 192.0.2.1}]",
        ] {
            let got = asked(other);
            assert_eq!(got.bound, Bound::Nowhere, "{other}");
            assert_eq!(
                got.unusable[0].reason,
                GatewayProgrammed::AddressNotUsable,
                "{other}"
            );
        }
    }

    #[test]
    fn without_an_address_left_a_gateway_is_bound_nowhere() {
        for asked in ["[]", "[{type: IPAddress}]"] {
            let got = with_allocated(asked, None);
            assert_eq!(bound(&got), ["Nowhere"], "{asked}");
            let reasons: Vec<_> = got.unusable.iter().map(|p| p.reason).collect();
            assert_eq!(reasons, [GatewayProgrammed::AddressNotAssigned], "{asked}");
        }
    }
}
