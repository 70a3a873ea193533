//! A pool of addresses, out of which each Gateway gets one of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::str::FromStr;

use gateway_model::{AddressType, Gateway, Kind, ObjectRef};
use ipnet::IpNet;

/// Networks and single addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool(Vec<IpNet>);

impl FromStr for Pool {
    type Err = String;

    /// Reads `192.0.2.0/24,2001:db8::7`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |part: &str| {
            let single = part.parse::<IpAddr>().map(IpNet::from);
            single.or_else(|_| part.parse()).map_err(|_| {
                format!("expected an address or a network in CIDR form, found {part:?}")
            })
        };
        text.split(',')
            .map(|part| parse(part.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Pool {
    /// The networks.
    pub(crate) fn networks(&self) -> &[IpNet] {
        &self.0
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The addresses that can be given to a Gateway, in order.
    fn hosts(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.0.iter().flat_map(IpNet::hosts)
    }
}

/// Which Gateway has which address.
#[derive(Debug)]
pub(crate) struct Allocator {
    pool: Pool,
    given: BTreeMap<ObjectRef, IpAddr>,
    /// The address given last: the search goes on behind it, so that one which was just given back
    /// is not used again soon.
    last: Option<IpAddr>,
}

impl Allocator {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            given: BTreeMap::new(),
            last: None,
        }
    }

    /// The addresses of the Gateways that ask for none in particular. A Gateway keeps the one that
    /// its status tells, which every replica sees, or else the one that it was given here; those that
    /// are left over when the pool is empty get none.
    pub(crate) fn allocate<'a>(
        &mut self,
        gateways: impl Iterator<Item = &'a Gateway>,
    ) -> BTreeMap<ObjectRef, IpAddr> {
        let (mut asking, mut taken) = (Vec::new(), BTreeSet::new());
        for gateway in gateways {
            taken.extend(asked_for(gateway));
            if wants_any(gateway) {
                asking.push(gateway);
            }
        }
        let mut given = BTreeMap::new();
        for gateway in &asking {
            let reference = gateway.reference();
            let before = [stored(gateway), self.given.get(&reference).copied()];
            let mut before = before.into_iter().flatten();
            let free = before.find(|ip| self.pool.contains(*ip) && taken.insert(*ip));
            given.extend(free.map(|address| (reference, address)));
        }
        for gateway in asking {
            let reference = gateway.reference();
            if given.contains_key(&reference) {
                continue;
            }
            let Some(address) = self.free(&taken) else {
                break;
            };
            taken.insert(address);
            self.last = Some(address);
            given.insert(reference, address);
        }
        self.given.clone_from(&given);
        given
    }

    /// The first free address behind the one that was given last, or else from the start.
    fn free(&self, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
        let free = |address: &IpAddr| !taken.contains(address);
        let behind = self
            .pool
            .hosts()
            .skip_while(|address| Some(*address) != self.last);
        behind
            .skip(1)
            .find(free)
            .or_else(|| self.pool.hosts().find(free))
    }
}

/// Does the Gateway ask for no address, or for any?
fn wants_any(gateway: &Gateway) -> bool {
    let any = |value: &Option<String>| value.as_deref().unwrap_or_default().is_empty();
    let mut addresses = gateway.spec.addresses.iter();
    gateway.spec.addresses.is_empty()
        || addresses.any(|address| address.type_ == AddressType::IpAddress && any(&address.value))
}

fn asked_for(gateway: &Gateway) -> impl Iterator<Item = IpAddr> + '_ {
    let values = gateway
        .spec
        .addresses
        .iter()
        .filter_map(|a| a.value.as_deref());
    values.filter_map(|value| value.parse().ok())
}

fn stored(gateway: &Gateway) -> Option<IpAddr> {
    let mut values = gateway
        .status
        .addresses
        .iter()
        .map(|address| &address.value);
    values.find_map(|value| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use gateway_model::{Gateway, Kind, Resource, parse};

    use super::{Allocator, Pool};

    fn gateway(name: &str, spec: &str, status: &str) -> Gateway {
        let text = format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: {name}}},
            spec: {{gatewayClassName: any, addresses: {spec},
                    listeners: [{{name: http, port: 80, protocol: HTTP}}]}},
            status: {{addresses: {status}}}}}"
        );
        let manifests = parse("test.yaml", text.as_bytes());
        match manifests.resources.first().map(|l| &l.resource) {
            Some(Resource::Gateway(gateway)) => Gateway::clone(gateway),
            other => unreachable!("{other:?} {:?}", manifests.problems),
        }
    }

    fn given(allocator: &mut Allocator, gateways: &[Gateway]) -> Vec<String> {
        let given = allocator.allocate(gateways.iter());
        let of = |gateway: &Gateway| given.get(&gateway.reference()).map(ToString::to_string);
        gateways
            .iter()
            .map(|gateway| of(gateway).unwrap_or_default())
            .collect()
    }

    fn pool(text: &str) -> Allocator {
        Allocator::new(text.parse::<Pool>().unwrap())
    }

    #[test]
    fn each_gateway_gets_an_address_of_its_own_and_keeps_it() {
        let mut pool = pool("192.0.2.0/29");
        let (a, b) = (
            gateway("a", "[]", "[]"),
            gateway("b", "[{type: IPAddress}]", "[]"),
        );
        assert_eq!(given(&mut pool, std::slice::from_ref(&b)), ["192.0.2.1"]);
        assert_eq!(given(&mut pool, &[a, b]), ["192.0.2.2", "192.0.2.1"]);
    }

    #[test]
    fn after_a_restart_the_status_tells_which_address_a_gateway_has() {
        let stored = gateway("b", "[]", "[{type: IPAddress, value: 192.0.2.1}]");
        let elsewhere = gateway("c", "[]", "[{type: IPAddress, value: 198.51.100.1}]");
        let all = [gateway("a", "[]", "[]"), stored, elsewhere];
        assert_eq!(
            given(&mut pool("192.0.2.0/29"), &all),
            ["192.0.2.2", "192.0.2.1", "192.0.2.3"]
        );
    }

    #[test]
    fn a_gateway_keeps_the_address_that_another_replica_gave_it() {
        let mut pool = pool("192.0.2.0/29");
        assert_eq!(given(&mut pool, &[gateway("a", "[]", "[]")]), ["192.0.2.1"]);
        let by_another = gateway("a", "[]", "[{type: IPAddress, value: 192.0.2.5}]");
        assert_eq!(given(&mut pool, &[by_another]), ["192.0.2.5"]);
    }

    #[test]
    fn an_address_is_given_back_and_not_used_again_at_once() {
        let mut pool = pool("192.0.2.1,192.0.2.2");
        let [a, b, c] = ["a", "b", "c"].map(|name| gateway(name, "[]", "[]"));
        assert_eq!(given(&mut pool, &[a]), ["192.0.2.1"]);
        assert_eq!(given(&mut pool, std::slice::from_ref(&b)), ["192.0.2.2"]);
        assert_eq!(
            given(&mut pool, &[b.clone(), c]),
            ["192.0.2.2", "192.0.2.1"]
        );
        let d = gateway("d", "[]", "[]");
        assert_eq!(given(&mut pool, &[b, gateway("c", "[]", "[]"), d])[2], "");
    }

    #[test]
    fn an_address_that_a_gateway_asks_for_is_not_given_to_another() {
        let asks = gateway("z", "[{value: 192.0.2.1}]", "[]");
        let given = given(&mut pool("192.0.2.0/29"), &[gateway("a", "[]", "[]"), asks]);
        assert_eq!(given, ["192.0.2.2", ""]);
    }

    #[test]
    fn a_pool_is_written_as_networks_and_addresses() {
        assert!("192.0.2.0/24, 2001:db8::7".parse::<Pool>().is_ok());
        let error = "192.0.2.0/33".parse::<Pool>().unwrap_err();
        assert!(error.contains("192.0.2.0/33"), "{error}");
    }
}
