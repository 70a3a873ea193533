//! Sharing with other origins, as far as a level says it.

use gateway_model::{HeaderName, Method};
use serde::{Deserialize, Serialize};

use crate::ir::OriginPattern;

/// What one level says of sharing with other origins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CorsPolicy {
    /// Nothing is shared, whatever a less specific level says.
    Off,
    /// It is, with these.
    On(CorsRules),
}

/// With whom something is shared, and how. What is empty is left to a less specific level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorsRules {
    /// The origins that are allowed.
    pub allow_origins: Vec<OriginPattern>,
    /// May requests carry credentials? `false` leaves it open.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_credentials: bool,
    /// The methods that are allowed; `None` in place of a method stands for `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<Option<Method>>,
    /// The request headers that are allowed; `None` stands for `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<Option<HeaderName>>,
    /// The response headers that are exposed; `None` stands for `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<Option<HeaderName>>,
    /// How long a preflight may be cached, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
}

/// How what a rule says of sharing goes together with what its host says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsMerge {
    /// Are the headers of both exposed? If not, those of the rule, if it has any.
    pub unites_exposed_headers: bool,
}

impl CorsPolicy {
    /// What a rule and its host come to, field by field; `None` when nothing is shared.
    pub fn merged(rule: Option<&Self>, host: Option<&Self>, merge: CorsMerge) -> Option<CorsRules> {
        let (rule, host) = match (rule, host) {
            (Some(Self::Off), _) => return None,
            (Some(Self::On(rule)), Some(Self::On(host))) => (rule, host),
            (Some(Self::On(one)), _) | (None, Some(Self::On(one))) => return Some(one.clone()),
            (None, Some(Self::Off) | None) => return None,
        };
        let mut exposed = either(&rule.expose_headers, &host.expose_headers);
        if merge.unites_exposed_headers {
            exposed = [&host.expose_headers[..], &rule.expose_headers].concat();
            let mut seen = Vec::new();
            exposed.retain(|name| {
                !seen.contains(name) && {
                    seen.push(name.clone());
                    true
                }
            });
        }
        Some(CorsRules {
            allow_origins: either(&rule.allow_origins, &host.allow_origins),
            allow_credentials: rule.allow_credentials || host.allow_credentials,
            allow_methods: either(&rule.allow_methods, &host.allow_methods),
            allow_headers: either(&rule.allow_headers, &host.allow_headers),
            expose_headers: exposed,
            max_age: rule.max_age.or(host.max_age),
        })
    }
}

fn either<T: Clone>(more: &[T], less: &[T]) -> Vec<T> {
    match more {
        [] => less.to_vec(),
        more => more.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::HeaderName;

    use super::{CorsMerge, CorsPolicy, CorsRules};
    use crate::ir::OriginPattern;

    fn exposing(names: &[&str]) -> CorsRules {
        let name = |name: &&str| Some(HeaderName::new(name).unwrap());
        CorsRules {
            allow_origins: vec![OriginPattern::Any],
            expose_headers: names.iter().map(name).collect(),
            ..CorsRules::default()
        }
    }

    fn merged(rule: &CorsRules, host: &CorsRules, merge: CorsMerge) -> CorsRules {
        let on = |rules: &CorsRules| CorsPolicy::On(rules.clone());
        CorsPolicy::merged(Some(&on(rule)), Some(&on(host)), merge).unwrap()
    }

    /// `corsPolicyMergeSettings` of the VirtualHostOption API.
    #[test]
    fn a_rule_leaves_to_its_host_what_it_does_not_say() {
        let rule = CorsRules {
            max_age: Some(1),
            ..exposing(&[])
        };
        let host = CorsRules {
            allow_credentials: true,
            max_age: Some(2),
            allow_methods: vec![None],
            ..exposing(&["x-host"])
        };
        let wanted = CorsRules {
            max_age: Some(1),
            ..host.clone()
        };
        assert_eq!(merged(&rule, &host, CorsMerge::default()), wanted);
    }

    #[test]
    fn exposed_headers_are_those_of_both_where_they_are_to_be_united() {
        let (rule, host) = (exposing(&["x-a", "x-b"]), exposing(&["x-c", "x-a"]));
        let of = |merge| merged(&rule, &host, merge).expose_headers;
        assert_eq!(of(CorsMerge::default()), rule.expose_headers);
        let united = CorsMerge {
            unites_exposed_headers: true,
        };
        assert_eq!(of(united), exposing(&["x-c", "x-a", "x-b"]).expose_headers);
    }

    #[test]
    fn a_rule_shares_nothing_when_it_is_off_whatever_its_host_says() {
        let host = CorsPolicy::On(exposing(&[]));
        let of =
            |rule: Option<&CorsPolicy>| CorsPolicy::merged(rule, Some(&host), CorsMerge::default());
        assert_eq!(of(Some(&CorsPolicy::Off)), None);
        assert_eq!(of(None), Some(exposing(&[])));
    }
}
