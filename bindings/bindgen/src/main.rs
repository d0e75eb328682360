//! `uniffi-bindgen generate --language <language> --config uniffi.toml --out-dir <dir> <library>`

fn main() {
    uniffi::uniffi_bindgen_main();
}
