//! UniFFI's generator, in exactly the version of the macros in `rust/ffi`.

fn main() {
    uniffi::uniffi_bindgen_main();
}
