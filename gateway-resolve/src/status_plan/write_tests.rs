use gateway_model::{
    GatewayClassStatus, GatewayStatus, ListenerSetStatus, PolicyStatus, RouteStatus,
};

use crate::Status;

/// A field that is forgotten here would be left as it was.
#[test]
fn all_fields_of_a_status_are_known() {
    let text = r#"{"addresses": [{"type": "IPAddress", "value": "10.0.0.1"}], "conditions": [],
        "listeners": [{"name": "a", "attachedRoutes": 0, "conditions": []}], "attachedListenerSets": 1}"#;
    let gateway: GatewayStatus = serde_json::from_str(text).unwrap();
    let set: ListenerSetStatus = serde_json::from_str(text).unwrap();
    let class = r#"{"conditions": [], "supportedFeatures": [{"name": "HTTPRoute"}]}"#;
    let class: GatewayClassStatus = serde_json::from_str(class).unwrap();
    let statuses = [
        Status::Gateway(gateway),
        Status::ListenerSet(set),
        Status::GatewayClass(class),
        Status::Route(RouteStatus::default()),
        Status::Policy(PolicyStatus::default()),
    ];
    for status in statuses {
        let value = serde_json::to_value(&status).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, status.fields(), "{status:?}");
    }
}
