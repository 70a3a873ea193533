//! What ListenerOptions come to.

use gateway_model::k8s_gateway::ListenerOptions;

use crate::ir::ListenerSettings;

use super::merge::Merged;
use super::options::{self, Outcome, check, set};

/// Sets what holds for the connections of a listener.
pub(super) fn set_on_connections(to: &mut ListenerSettings, merged: &Merged<ListenerOptions>) {
    let written = &merged.options;
    let (slot, logs) = (&mut to.access_logs, &written.access_logging_service);
    set(slot, merged, logs, options::access_logs);
}

/// What is wrong with the options of a ListenerOption.
pub(super) fn connection_problems(written: &ListenerOptions) -> Vec<Outcome> {
    let mut found = options::problems(written);
    found.extend(check(&written.access_logging_service, options::access_logs));
    found
}
