//! How the library is linked for phones.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "android") {
        // A tenth of the space for relocations. Known to Android 6.0 (API 23) and later.
        println!("cargo::rustc-link-arg-cdylib=-Wl,--pack-dyn-relocs=android");
        // One copy of identical functions. Neither Rust nor SQLite tells functions apart by
        // their addresses; functions that clean up while unwinding are left alone.
        println!("cargo::rustc-link-arg-cdylib=-Wl,--icf=all");
        // Newer phones have memory pages of 16 KB; the NDK says so by itself from version 28 on.
        println!("cargo::rustc-link-arg-cdylib=-Wl,-z,max-page-size=16384");
    }
}
