use std::collections::BTreeMap;
use std::net::IpAddr;

use gateway_model::{Gateway, Kind, ObjectRef, Resource, Timestamp, parse};
use gateway_resolve::{AddressRefusal, Allocation};

use super::{Allocator, MAX_ADDRESSES};
use crate::controller::addresses::Pool;

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
    any(&allocator.allocate(gateways.iter(), true), gateways)
}

fn any(given: &BTreeMap<ObjectRef, Allocation>, gateways: &[Gateway]) -> Vec<String> {
    let of = |gateway: &Gateway| given[&gateway.reference()].any.map(|ip| ip.to_string());
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
    let all = [by_another];
    let follows = |pool: &mut Allocator| any(&pool.allocate(all.iter(), false), &all);
    assert_eq!(follows(&mut pool), ["192.0.2.5"]);
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

/// The addresses that a Gateway asks for in vain, and why.
fn refused(
    allocator: &mut Allocator,
    all: &[Gateway],
    of: &Gateway,
) -> Vec<(IpAddr, AddressRefusal)> {
    let mut given = allocator.allocate(all.iter(), true);
    let allocation = given.remove(&of.reference()).unwrap();
    allocation.refused.into_iter().collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn created(mut gateway: Gateway, second: i64) -> Gateway {
    gateway.metadata.creation_timestamp = Timestamp::from_second(second).ok();
    gateway
}

#[test]
fn the_leader_believes_what_it_gave_rather_than_what_is_stored() {
    let mut pool = pool("192.0.2.0/29");
    assert_eq!(given(&mut pool, &[gateway("a", "[]", "[]")]), ["192.0.2.1"]);
    let forged = gateway("a", "[]", "[{type: IPAddress, value: 192.0.2.5}]");
    assert_eq!(given(&mut pool, &[forged]), ["192.0.2.1"]);
}

#[test]
fn no_gateway_takes_the_address_that_another_has() {
    let held = [(ip("192.0.2.1"), AddressRefusal::Held)];
    for (age_of_holder, age_of_asker) in [(1, 2), (2, 1)] {
        let mut pool = pool("192.0.2.0/29");
        let holder = created(gateway("holder", "[]", "[]"), age_of_holder);
        let asker = created(gateway("asker", "[{value: 192.0.2.1}]", "[]"), age_of_asker);
        assert_eq!(
            given(&mut pool, std::slice::from_ref(&holder)),
            ["192.0.2.1"]
        );
        let all = [holder, asker];
        assert_eq!(refused(&mut pool, &all, &all[1]), held);
        assert_eq!(given(&mut pool, &all), ["192.0.2.1", ""]);
    }
}

#[test]
fn after_a_restart_no_gateway_takes_the_address_that_another_has() {
    let status = "[{type: IPAddress, value: 192.0.2.1}]";
    let holder = created(gateway("holder", "[]", status), 2);
    let asker = created(gateway("asker", "[{value: 192.0.2.1}]", "[]"), 1);
    let all = [asker, holder];
    let mut pool = pool("192.0.2.0/29");
    assert_eq!(given(&mut pool, &all), ["", "192.0.2.1"]);
    assert_eq!(refused(&mut pool, &all, &all[0]).len(), 1);
}

#[test]
fn of_two_gateways_that_ask_for_an_address_the_older_gets_it_then_the_first_by_name() {
    let asker = |name, age| created(gateway(name, "[{value: 192.0.2.1}]", "[]"), age);
    for (first, second) in [(("z", 1), ("a", 2)), (("a", 1), ("b", 1))] {
        let all = [asker(second.0, second.1), asker(first.0, first.1)];
        let mut pool = pool("192.0.2.0/29");
        assert_eq!(refused(&mut pool, &all, &all[1]), []);
        assert_eq!(refused(&mut pool, &all, &all[0]).len(), 1);
    }
}

#[test]
fn of_two_gateways_that_are_stored_with_one_address_the_older_has_it() {
    let status = "[{type: IPAddress, value: 192.0.2.1}]";
    let older = created(gateway("z", "[]", status), 1);
    let younger = created(gateway("a", "[]", status), 2);
    let given = given(&mut pool("192.0.2.0/29"), &[younger, older]);
    assert_eq!(given, ["192.0.2.2", "192.0.2.1"]);
}

#[test]
fn an_address_that_was_given_up_can_be_asked_for() {
    let mut pool = pool("192.0.2.0/29");
    let holder = gateway("holder", "[]", "[]");
    let asker = gateway("asker", "[{value: 192.0.2.1}]", "[]");
    given(&mut pool, &[holder]);
    assert_eq!(refused(&mut pool, std::slice::from_ref(&asker), &asker), []);
}

#[test]
fn a_gateway_that_asks_for_all_addresses_leaves_others_theirs() {
    let asked: Vec<_> = (1..=16)
        .map(|n| format!("{{value: 192.0.2.{n}}}"))
        .collect();
    let greedy = gateway("greedy", &format!("[{}]", asked.join(", ")), "[]");
    let all = [greedy, gateway("other", "[]", "[]")];
    let mut pool = pool("192.0.2.0/28");
    let refused = refused(&mut pool, &all, &all[0]);
    let too_many = AddressRefusal::TooMany(MAX_ADDRESSES);
    assert_eq!(
        refused[0],
        (ip(&format!("192.0.2.{}", MAX_ADDRESSES + 1)), too_many)
    );
    assert_eq!(given(&mut pool, &all)[1], "192.0.2.5");
}

#[test]
fn a_large_pool_is_not_walked_through_for_the_first_address() {
    let given = given(&mut pool("2001:db8::/64"), &[gateway("a", "[]", "[]")]);
    assert_eq!(given.len(), 1);
}
