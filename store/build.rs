//! A new migration must be compiled in, though no Rust file changed.
#![allow(clippy::print_stdout)]

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
