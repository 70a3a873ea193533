//! What a test in a CI holds manifests to: that nothing is wrong with them, and where requests go.

use gateway_dataplane::check::Checked;
use http::Method;

fn main() {
    let manifests = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests/canary.yaml");
    let shop = Checked::load([manifests]);
    // The Services of this example have no endpoints; of manifests that have all, `assert_clean` asks for more.
    assert!(
        shop.problems()
            .iter()
            .all(|problem| problem.code == "NoEndpoints")
    );

    shop.get("http://localhost:8080/").assert_split(&[
        ("Service default/shop:80", 90),
        ("Service default/shop-next:80", 10),
    ]);
    let asked_for = shop.ask(
        Method::GET,
        "http://localhost:8080/",
        &[("x-version", "next")],
    );
    asked_for.assert_rule("HTTPRoute default/shop rule 0 (asked-for)");
    println!("{asked_for}");
}
