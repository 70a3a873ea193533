//! Short programs that embed the gateway crates: see `examples/`.
