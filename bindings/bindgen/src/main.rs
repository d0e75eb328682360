//! `uniffi-bindgen generate --language <language> --config uniffi.toml --out-dir <dir> <library>`

fn main() {
    liveflow_bindgen::generate();
}
