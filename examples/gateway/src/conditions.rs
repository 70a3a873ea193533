//! Conditions in a few words.

use gateway_model::{Condition, ConditionStatus, ParentReference};

use crate::table::{BAD, Cell, GOOD};

/// The types of those that hold; with status and reason those that ought to and don't, first.
pub(crate) fn summary(conditions: &[Condition]) -> Cell {
    let (bad, good): (Vec<_>, Vec<_>) = conditions.iter().partition(|c| is_bad(c));
    let style = if bad.is_empty() { GOOD } else { BAD };
    let bad = bad
        .iter()
        .map(|c| format!("{}={:?} ({})", c.type_, c.status, c.reason));
    let good = good
        .iter()
        .filter(|c| c.status == ConditionStatus::True)
        .map(|c| c.type_.clone());
    Cell::new(bad.chain(good).collect::<Vec<_>>().join(", "), style)
}

/// Does the condition say that something is wrong? Some types do so when they hold.
fn is_bad(condition: &Condition) -> bool {
    let complaints = [
        "Conflicted",
        "InsecureFrontendValidationMode",
        "OverlappingTLSConfig",
        "PartiallyInvalid",
    ];
    match complaints.contains(&condition.type_.as_str()) {
        true => condition.status == ConditionStatus::True,
        false => condition.status != ConditionStatus::True,
    }
}

/// `Gateway infra/web`, with the listener or port where one is named.
pub(crate) fn parent(parent: &ParentReference) -> String {
    let mut name = parent.kind.clone() + " ";
    if let Some(namespace) = &parent.namespace {
        name += &format!("{namespace}/");
    }
    name += &parent.name;
    if let Some(section) = &parent.section_name {
        name += &format!(" listener {section}");
    }
    if let Some(port) = &parent.port {
        name += &format!(" port {port}");
    }
    name
}

#[cfg(test)]
mod tests {
    use gateway_model::{Condition, ConditionStatus, Timestamp};

    use super::summary;
    use crate::table::{BAD, GOOD};

    fn condition(type_: &str, status: ConditionStatus, reason: &str) -> Condition {
        Condition {
            type_: type_.to_owned(),
            status,
            observed_generation: 0,
            last_transition_time: Timestamp::UNIX_EPOCH,
            reason: reason.to_owned(),
            message: String::new(),
        }
    }

    #[test]
    fn conditions_that_complain_come_first_with_their_reasons() {
        use ConditionStatus::{False, True};
        let accepted = condition("Accepted", True, "Accepted");
        let calm = condition("Conflicted", False, "NoConflicts");
        let clash = condition("Conflicted", True, "HostnameConflict");
        let good = summary(&[accepted.clone(), calm]);
        let bad = summary(&[accepted, clash]);
        assert_eq!((good.text(), good.style()), ("Accepted", GOOD));
        let expected = "Conflicted=True (HostnameConflict), Accepted";
        assert_eq!((bad.text(), bad.style()), (expected, BAD));
    }
}
