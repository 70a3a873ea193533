//! The schemas that the crate carries are those of the CRDs.

use std::path::Path;

use serde_json::Value;

use crate::crd;

#[test]
fn the_crate_carries_the_schemas_of_both_channels() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema/crds");
    for crd in crd::all() {
        for (version, schema) in &crd.versions {
            // A version with the schema of the first one shares it.
            let name = match schema == crd.schema() {
                true => format!("{}.json", crd.plural),
                false => format!("{}.{version}.json", crd.plural),
            };
            let path = folder.join(crd.channel).join(name);
            if std::env::var_os("UPDATE_SCHEMAS").is_some() {
                std::fs::write(&path, format!("{schema}\n")).unwrap();
            }
            let have: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert!(
                have == *schema,
                "{} is out of date: set UPDATE_SCHEMAS=1",
                path.display()
            );
        }
    }
}
