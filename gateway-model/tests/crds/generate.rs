//! Manifests made up at random, the same ones for the same seed: the objects and cases of these tests, changed at a
//! few places.

mod changes;
mod random;
mod values;

use gateway_model::parse;
use serde_json::{Value, json};

use crate::crd::Crd;
use crate::{maximal, rule_cases};
pub(crate) use random::Random;

/// Makes up manifests of a kind.
pub(crate) struct Generator {
    crd: &'static Crd,
    corpus: Vec<Value>,
    /// How many of the corpus were given as they are.
    given: usize,
    random: Random,
}

impl Generator {
    pub(crate) fn new(crd: &'static Crd, seed: u64) -> Self {
        let cases = rule_cases::cases();
        let cases = cases.iter().filter(|case| case.kind == crd.kind);
        let specs = cases.flat_map(|case| [&case.kept, &case.broken]);
        let mut corpus = maximal::objects(&crd.kind);
        corpus.extend(specs.map(|spec| as_json(spec)));
        Self {
            crd,
            corpus,
            given: 0,
            random: Random::new(seed),
        }
    }

    /// The next manifest, of one of the served versions, which comes with it. The first ones are not changed.
    pub(crate) fn next(&mut self) -> (&'static str, Value) {
        let (version, schema) = self.random.pick(&self.crd.versions);
        if let Some(object) = self.corpus.get(self.given) {
            self.given += 1;
            return (version, self.with_identity(version, object.clone()));
        }
        let object = match self.random.one_in(10) {
            true => values::make(schema, &mut self.random, 0),
            false => self.random.pick(&self.corpus).clone(),
        };
        let mut object = self.with_identity(version, object);
        for _ in 0..[0, 1, 1, 1, 1, 2, 2, 3][self.random.below(8)] {
            changes::change(&mut object, schema, &mut self.random);
        }
        (version, object)
    }

    fn with_identity(&self, version: &str, mut object: Value) -> Value {
        object["apiVersion"] = format!("{}/{version}", self.crd.group).into();
        object["kind"] = self.crd.kind.as_str().into();
        object["metadata"] = match self.crd.namespaced {
            true => json!({"name": "x", "namespace": "default"}),
            false => json!({"name": "x"}),
        };
        if let Some(object) = object.as_object_mut() {
            object.remove("status");
        }
        object
    }
}

/// A spec in YAML as JSON: what is read under a group of nobody's comes back as it was.
fn as_json(spec: &str) -> Value {
    let text = format!("apiVersion: other/v1\nkind: Other\nmetadata: {{name: x}}\n{spec}\n");
    parse("case", text.as_bytes()).unknown.remove(0).value
}
