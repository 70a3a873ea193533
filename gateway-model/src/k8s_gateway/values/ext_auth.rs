//! Who is asked whether a request may pass.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::k8s_gateway::proto::at_most_one;

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtAuth {
    /// Nobody.
    Disable(bool),
    /// A server of one's own.
    Custom(CustomAuth),
    /// What an AuthConfig says, which belongs to another edition.
    Config,
    /// It says nothing.
    Nothing,
}

/// A server of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomAuth {
    /// What it is told beside the request.
    pub context_extensions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    disable: Option<bool>,
    custom_auth: Option<CustomAuth>,
    config_ref: Option<serde_json::Value>,
}

impl<'de> Deserialize<'de> for ExtAuth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire {
            disable,
            custom_auth,
            config_ref,
        } = Wire::deserialize(deserializer)?;
        at_most_one::<D::Error>(&[
            ("disable", disable.is_some()),
            ("customAuth", custom_auth.is_some()),
            ("configRef", config_ref.is_some()),
        ])?;
        Ok(match (disable, custom_auth, config_ref) {
            (Some(disable), ..) => Self::Disable(disable),
            (_, Some(custom), _) => Self::Custom(custom),
            (.., Some(_)) => Self::Config,
            (None, None, None) => Self::Nothing,
        })
    }
}
