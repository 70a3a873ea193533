//! The schemas that the crate carries are those of the CRDs.

use std::path::Path;

use serde_json::Value;

use crate::crd;

#[test]
fn the_crate_carries_the_schemas_of_both_channels() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema/crds");
    for crd in crd::all() {
        for (version, schema) in &crd.versions {
            assert_eq!(
                schema,
                crd.schema(),
                "{} {version} has a schema of its own",
                crd.kind
            );
        }
        let path = folder
            .join(crd.channel)
            .join(format!("{}.json", crd.plural));
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, format!("{}\n", crd.schema())).unwrap();
        }
        let have: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert!(
            have == *crd.schema(),
            "{} is out of date: set UPDATE_SCHEMAS=1",
            path.display()
        );
    }
}
