//! Where the channels differ, what the experimental one accepts is accepted.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::crd;

/// The fields of a schema with their own keywords, rules left out.
fn fields(schema: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    crd::walk(schema, "", &mut |path, schema| {
        let mut own = schema.clone();
        for inner in [
            "properties",
            "items",
            "additionalProperties",
            "x-kubernetes-validations",
        ] {
            own.as_object_mut().unwrap().remove(inner);
        }
        fields.insert(path.to_owned(), own);
    });
    fields
}

#[test]
fn the_standard_channel_differs_in_the_types_of_filters_and_the_values_of_headers_only() {
    let crds = crd::all();
    for standard in crds.iter().filter(|crd| crd.channel == "standard") {
        let experimental = crds
            .iter()
            .find(|crd| crd.channel == "experimental" && crd.plural == standard.plural);
        let experimental = fields(experimental.unwrap().schema());
        for (path, own) in fields(standard.schema()) {
            let other = experimental
                .get(&path)
                .unwrap_or_else(|| panic!("{path} is standard only"));
            match path.rsplit('.').next() {
                Some("type") if path.ends_with("filters[].type") && *other != own => {
                    let mut with_more = own.clone();
                    with_more["enum"]
                        .as_array_mut()
                        .unwrap()
                        .push("ExternalAuth".into());
                    assert_eq!(*other, with_more, "{path}");
                }
                Some("value") if own["maxLength"] == 4096 && *other != own => {
                    let mut with_pattern = own.clone();
                    with_pattern["pattern"] = r"^[!-~]+([\t ]?[!-~]+)*$".into();
                    assert_eq!(*other, with_pattern, "{path}");
                }
                _ => assert_eq!(*other, own, "{path}"),
            }
        }
    }
}
