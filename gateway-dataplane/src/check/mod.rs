//! Holds Gateway API manifests to what they are meant to do, in a test.
//!
//! No socket is opened and no cluster asked: files are read, resolved and matched as a gateway would. It is what
//! `gateway check` and `gateway explain` are for a shell.
//!
//! ```no_run
//! let shop = gateway_dataplane::check::Checked::load(["manifests"]);
//! shop.assert_clean();
//! shop.get("https://shop.example.com/cart")
//!     .assert_split(&[("Service default/carts:80", 9), ("Service default/carts-canary:80", 1)]);
//! ```
//!
//! [`Checked::assert_clean`] fails with the file and line of each problem, whether an API server would refuse it, a
//! status would tell, or it is only of no use, such as a route without parents. What is asked about a request fails
//! with the explanation why it goes where it goes.

mod asked;
mod checked;
mod places;
mod problem;

pub use asked::Asked;
pub use checked::Checked;
pub use places::Places;
pub use problem::{Named, Problem, all, of_manifests};
