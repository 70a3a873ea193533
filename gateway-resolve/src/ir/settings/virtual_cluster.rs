//! Requests that are counted together.

use gateway_model::Method;
use serde::{Deserialize, Serialize};

use crate::ir::Pattern;

/// Requests that are counted together: each with the first that takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VirtualClusters(pub Vec<VirtualCluster>);

/// Requests of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VirtualCluster {
    /// What they are counted under.
    pub name: Box<str>,
    /// What their path, query included, has to match.
    pub path: Pattern,
    /// Their method; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}

impl VirtualClusters {
    /// The name of the first that takes a request for `target`.
    pub fn of(&self, method: &str, target: &str) -> Option<&str> {
        let takes = |one: &&VirtualCluster| {
            let is_meant = one
                .method
                .as_ref()
                .is_none_or(|wanted| wanted.as_http().as_str() == method);
            is_meant && one.path.is_match(target)
        };
        self.0.iter().find(takes).map(|one| &*one.name)
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::Method;

    use super::{VirtualCluster, VirtualClusters};
    use crate::ir::Pattern;

    /// `VirtualCluster` of Envoy.
    #[test]
    fn a_request_is_counted_with_the_first_that_takes_all_of_its_path() {
        let one = |name: &str, path: &str, method: Option<&str>| VirtualCluster {
            name: name.into(),
            path: Pattern::new(path).unwrap(),
            method: method.map(|method| Method::new(method).unwrap()),
        };
        let clusters = VirtualClusters(vec![
            one("writes", "/items/.*", Some("PUT")),
            one("items", "/items.*", None),
        ]);
        assert_eq!(clusters.of("PUT", "/items/1"), Some("writes"));
        assert_eq!(clusters.of("GET", "/items/1?a=b"), Some("items"));
        assert_eq!(clusters.of("GET", "/all/items"), None);
    }
}
