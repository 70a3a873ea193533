//! The status of GatewayClasses.

use std::collections::BTreeSet;

use gateway_model::{GatewayClass, GatewayClassStatus, SupportedFeature};

use crate::gateway::classes::Class;
use crate::problem::Verdict;
use crate::reader::Reader;
use crate::reason::{ClassAccepted, ClassSupportedVersion};
use crate::{Config, EXPERIMENTAL_FEATURES};

use super::conditions::Conditions;

pub(crate) fn status(
    object: &GatewayClass,
    class: &Class,
    config: &Config,
    reader: &Reader<'_>,
) -> GatewayClassStatus {
    let accepted = Verdict::of(
        class.refused.as_slice(),
        ClassAccepted::Accepted,
        "accepted",
    );
    let stored = &object.status.conditions;
    let release = reader.release();
    let mut features: BTreeSet<_> = config
        .supported_features
        .iter()
        .map(String::as_str)
        .collect();
    if release.is_experimental {
        features.extend(EXPERIMENTAL_FEATURES);
    }
    GatewayClassStatus {
        conditions: Conditions::new(stored, object.metadata.generation, reader)
            .add(accepted)
            .maybe(release.version.as_deref().map(supported_version))
            .build(),
        supported_features: features
            .into_iter()
            .map(|name| SupportedFeature {
                name: name.to_owned(),
            })
            .collect(),
    }
}

/// The releases that the resource types were made from: their CRDs, and those of earlier releases
/// since v1.0, hold the fields that are read.
const NEWEST: (u32, u32) = (1, 6);

fn supported_version(installed: &str) -> Verdict<ClassSupportedVersion> {
    match release(installed) {
        Some(release @ (1, _)) if release <= NEWEST => Verdict::new(
            ClassSupportedVersion::SupportedVersion,
            format!("the installed Gateway API, {installed}, is supported"),
        ),
        _ => Verdict::new(
            ClassSupportedVersion::UnsupportedVersion,
            format!(
                "expected the CRDs of a Gateway API release from v1.0 to v{}.{}, found {installed}; \
                 they are served as far as they are known",
                NEWEST.0, NEWEST.1
            ),
        ),
    }
}

/// Major and minor number of a version such as `v1.6.1`.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix('v')?.splitn(3, '.');
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::supported_version;
    use crate::reason::ClassSupportedVersion::{SupportedVersion, UnsupportedVersion};

    #[test]
    fn releases_up_to_the_one_that_the_types_were_made_from_are_supported() {
        let rows = [
            ("v1.0.0", SupportedVersion),
            ("v1.6.1", SupportedVersion),
            ("v1.6.0-rc.1", SupportedVersion),
            ("v1.7.0", UnsupportedVersion),
            ("v0.8.1", UnsupportedVersion),
            ("v0.0.0-dev", UnsupportedVersion),
            ("main", UnsupportedVersion),
        ];
        for (version, want) in rows {
            assert_eq!(supported_version(version).reason, want, "{version}");
        }
    }
}
