//! Whether `--class` and `--controller-name` select anything.

use std::collections::BTreeSet;

use gateway_resolve::{ClassSelection, Config, Snapshot, Status, Statuses};

use crate::problems::Problem;

/// The code of the problem that nothing is selected.
const CODE: &str = "NothingSelected";

/// What is wrong when no class and no Gateway is selected, though the command line asks for some.
pub(crate) fn problem(
    config: &Config,
    snapshot: &Snapshot,
    statuses: &Statuses,
) -> Option<Problem> {
    let message = match &config.classes {
        ClassSelection::Any => return None,
        ClassSelection::Named(class) => format!(
            "--class: expected the class of a Gateway, found {class:?}; {}",
            list("classes", &classes(snapshot))
        ),
        ClassSelection::Controller => format!(
            "--controller-name: expected the controller of a GatewayClass, found {:?}; {}",
            config.controller_name,
            list("controllers", &controllers(snapshot))
        ),
        ClassSelection::NamedOfController(class) => format!(
            "--class, --controller-name: expected a GatewayClass {class:?} of {:?}, found none; {}",
            config.controller_name,
            list("GatewayClasses", &of_controllers(snapshot))
        ),
    };
    let selected = |status: &Status| matches!(status, Status::GatewayClass(_) | Status::Gateway(_));
    let nothing = !statuses.iter().any(|(_, status)| selected(status));
    nothing.then(|| Problem::warning(CODE, message))
}

/// The classes that are defined or asked for.
fn classes(snapshot: &Snapshot) -> BTreeSet<String> {
    let defined = snapshot.gateway_classes().iter();
    let defined = defined.map(|class| class.metadata.name.as_str());
    let asked_for = snapshot.gateways().iter();
    let asked_for = asked_for.map(|gateway| gateway.spec.gateway_class_name.as_str());
    defined.chain(asked_for).map(ToOwned::to_owned).collect()
}

fn controllers(snapshot: &Snapshot) -> BTreeSet<String> {
    let classes = snapshot.gateway_classes().iter();
    classes
        .map(|class| class.spec.controller_name.clone())
        .collect()
}

fn of_controllers(snapshot: &Snapshot) -> BTreeSet<String> {
    let classes = snapshot.gateway_classes().iter();
    classes
        .map(|class| format!("{} of {}", class.metadata.name, class.spec.controller_name))
        .collect()
}

/// What there is; at most some, so that the message stays a line.
fn list(what: &str, names: &BTreeSet<String>) -> String {
    const MOST: usize = 8;
    let shown: Vec<_> = names.iter().take(MOST).map(String::as_str).collect();
    match (names.len(), names.len().saturating_sub(MOST)) {
        (0, _) => format!("there are no {what}"),
        (_, 0) => format!("the {what} are: {}", shown.join(", ")),
        (_, more) => format!("the {what} are: {} and {more} more", shown.join(", ")),
    }
}
