//! The status of GatewayClasses.

use gateway_model::{GatewayClass, GatewayClassStatus, SupportedFeature, Timestamp};

use crate::Config;
use crate::gateway::classes::Class;
use crate::problem::Verdict;
use crate::reason::ClassAccepted;

use super::conditions::Conditions;

pub(crate) fn status(
    object: &GatewayClass,
    class: &Class<'_>,
    config: &Config,
    now: Timestamp,
) -> GatewayClassStatus {
    let accepted = Verdict::of(
        class.refused.as_slice(),
        ClassAccepted::Accepted,
        "accepted",
    );
    let stored = &object.status.conditions;
    let features = config.supported_features.iter();
    GatewayClassStatus {
        conditions: Conditions::new(stored, object.metadata.generation, now)
            .add(accepted)
            .build(),
        supported_features: features
            .map(|name| SupportedFeature { name: name.clone() })
            .collect(),
    }
}
