//! Settings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CONTROL_PLANE, OptionStatuses, kind};
use crate::Object;

/// What holds for the whole control plane, in one object named `default`.
pub type Settings = Object<SettingsSpec, OptionStatuses>;

kind!(Settings, "Settings", "settings", CONTROL_PLANE, "v1");

/// What a Settings asks for, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingsSpec(pub Map<String, Value>);
