//! How the library that ships is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Some Android devices have pages of 16 KB, and load no library that is laid out for smaller ones.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "android") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,max-page-size=16384");
    }
}
