//! What holds of all merges.

use gateway_model::Source;
use gateway_model::k8s_gateway::{Options, RouteOption, RouteOptions};
use gateway_model::{Kind, ObjectRef};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Map, Value, json};

use super::Merged;

/// Values for fields of which two are one, and of which one is bad.
fn fields() -> Vec<(&'static str, Value)> {
    vec![
        ("timeout", json!("1s")),
        ("prefixRewrite", json!("")),
        ("hostRewrite", json!("a.example")),
        ("hostRewriteHeader", json!("x-to")),
        ("appendXForwardedHost", json!(false)),
        ("csrf", json!({})),
        ("upgrades", json!([])),
        ("envoyMetadata", json!({})),
        ("faults", json!({"abort": {"httpStatus": 7}})),
        ("ratelimit", json!({"localRatelimit": {"maxTokens": 1}})),
    ]
}

fn options() -> impl Strategy<Value = RouteOptions> {
    subsequence(fields(), 0..=5).prop_map(|set| {
        let set = set
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        serde_json::from_value(Value::Object(set.collect::<Map<_, _>>())).unwrap()
    })
}

fn source(number: usize) -> Source {
    let name = format!("o{number}");
    Source {
        object: ObjectRef::new(RouteOption::GROUP, RouteOption::KIND, "a", name),
        generation: 1,
    }
}

/// What is set, by whom.
fn seen(merged: &Merged<RouteOptions>) -> Vec<(String, String)> {
    let set = (0..RouteOptions::TABLE.len()).filter_map(|at| merged.options.field(at));
    let seen = set.map(|field| {
        let source = &merged.sources[field.name];
        (
            format!("{} {}", field.name, field.written),
            source.object.to_string(),
        )
    });
    seen.collect()
}

fn filled(mut upper: Merged<RouteOptions>, lower: &Merged<RouteOptions>) -> Merged<RouteOptions> {
    upper.fill(lower);
    upper
}

proptest! {
    #[test]
    fn merging_is_associative_over_the_order_of_priority(
        policies in proptest::collection::vec(options(), 3),
    ) {
        let all = policies.iter().enumerate();
        let merged: Vec<_> = all.map(|(at, one)| Merged::of(one, &source(at))).collect();
        let [a, b, c] = &merged[..] else { unreachable!() };
        let left = filled(filled(a.clone(), b), c);
        let right = filled(a.clone(), &filled(b.clone(), c));
        prop_assert_eq!(&left, &right);
        let pairs = policies.iter().enumerate().map(|(at, one)| (one, source(at)));
        prop_assert_eq!(&left, &Merged::all(pairs));
    }

    #[test]
    fn a_policy_that_sets_nothing_changes_nothing(policy in options()) {
        let merged = Merged::of(&policy, &source(0));
        let nothing = Merged::of(&RouteOptions::default(), &source(1));
        prop_assert_eq!(&filled(merged.clone(), &nothing), &merged);
        prop_assert_eq!(&filled(nothing, &merged), &merged);
    }

    /// Each is that of the first policy that sets it.
    #[test]
    fn every_effective_field_has_a_source_that_sets_it(
        policies in proptest::collection::vec(options(), 0..5),
    ) {
        let pairs = policies.iter().enumerate().map(|(at, one)| (one, source(at)));
        let merged = Merged::all(pairs);
        let set = (0..RouteOptions::TABLE.len()).filter_map(|at| Some((at, merged.options.field(at)?)));
        for (at, field) in set {
            let first = policies.iter().position(|one| one.is_set(at)).unwrap();
            let own = policies[first].field(at).unwrap();
            prop_assert_eq!((field.name, field.written), (own.name, own.written));
            prop_assert_eq!(&*merged.sources[field.name], &source(first));
        }
        prop_assert_eq!(seen(&merged).len(), merged.sources.len());
    }

    /// Without overrides the upper one goes before, and with all of them the lower one does.
    #[test]
    fn inheriting_is_merging_from_the_other_side(upper in options(), lower in options()) {
        let (upper, lower) = (Merged::of(&upper, &source(0)), Merged::of(&lower, &source(1)));
        let yielded = |keeps: bool| {
            let mut own = lower.clone();
            own.yield_to(&upper, |_| keeps);
            own
        };
        prop_assert_eq!(yielded(false), filled(upper.clone(), &lower));
        prop_assert_eq!(yielded(true), filled(lower.clone(), &upper));
    }
}
