//! Manifests and what is said of them, for a comparison with an API server.

use std::io::Write as _;

use gateway_model::{Channel, Severity, parse_in};
use serde_json::{Value, json};

use crate::crd;
use crate::generate::Generator;

/// Writes as many manifests as `GENERATE_COUNT` says, of the kinds of a channel in turn, to the file
/// `GENERATE_CHANNEL.jsonl` of the folder `GENERATE_FOLDER`: a line each, with what is said of it.
#[test]
#[ignore = "writes files for the conformance cluster"]
fn generated_manifests_are_written_with_what_is_said_of_them() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let folder = variable("GENERATE_FOLDER");
    let count: usize = variable("GENERATE_COUNT").parse().unwrap();
    for (name, channel) in [
        ("standard", Channel::Standard),
        ("experimental", Channel::Experimental),
    ] {
        let path = format!("{folder}/{name}.jsonl");
        let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
        let crds = crd::all().iter().filter(|crd| crd.channel == name);
        let mut kinds: Vec<_> = crds.map(|crd| (crd, Generator::new(crd, 2))).collect();
        for index in 0..count {
            let at = index % kinds.len();
            let (crd, generator) = &mut kinds[at];
            let (version, object) = generator.next();
            let line = json!({
                "group": crd.group, "version": version, "plural": crd.plural,
                "namespaced": crd.namespaced, "object": object, "problems": errors(channel, &object),
            });
            writeln!(file, "{line}").unwrap();
        }
        file.flush().unwrap();
    }
}

/// What speaks against a manifest; nothing where it is accepted.
fn errors(channel: Channel, object: &Value) -> Vec<String> {
    let manifests = parse_in(channel, "manifest", object.to_string().as_bytes());
    let errors = manifests.problems.iter();
    let errors = errors.filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<_> = errors.map(ToString::to_string).collect();
    assert_eq!(
        errors.is_empty(),
        manifests.resources.len() == 1,
        "{object}"
    );
    errors
}
