//! The documentation of problem codes.

use gateway_model::Code;

#[test]
fn the_table_of_codes_is_that_of_the_program() {
    let mut want = String::from("| code | what it says |\n|---|---|\n");
    for code in Code::ALL {
        want += &format!("| `{}` | {} |\n", code.as_str(), code.description());
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/problem-codes.md");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.contains(&want),
        "{} should have this table:\n{want}",
        path.display()
    );
}

#[test]
fn codes_are_serialised_as_their_words() {
    for code in Code::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}
