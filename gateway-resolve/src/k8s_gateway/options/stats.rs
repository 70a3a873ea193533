//! Requests that are counted together.

use gateway_model::Method;
use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, Stats};

use crate::ir::{Pattern, VirtualCluster, VirtualClusters};

use super::invalid;

/// What is counted apart; dots of names are underscores.
pub(crate) fn virtual_clusters(written: &Stats) -> Result<VirtualClusters, FieldError> {
    let all = written.virtual_clusters.iter().enumerate();
    let all = all.map(|(index, one)| {
        virtual_cluster(one).map_err(|error| error.within(&format!("virtualClusters[{index}]")))
    });
    all.collect::<Result<_, _>>().map(VirtualClusters)
}

fn virtual_cluster(written: &values::VirtualCluster) -> Result<VirtualCluster, FieldError> {
    let missing = |field: &str| Err(FieldError::new("expected a text, found none").within(field));
    match (written.name.is_empty(), written.pattern.is_empty()) {
        (true, _) => return missing("name"),
        (_, true) => return missing("pattern"),
        (false, false) => {}
    }
    let path = Pattern::new(&written.pattern).map_err(|error| invalid(error).within("pattern"));
    let method = match written.method.to_ascii_uppercase().as_str() {
        "" => None,
        method => Some(Method::new(method).map_err(|error| invalid(error).within("method"))?),
    };
    Ok(VirtualCluster {
        name: written.name.replace('.', "_").into(),
        path: path?,
        method,
    })
}
