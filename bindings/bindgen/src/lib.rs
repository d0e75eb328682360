//! The generator, as something that another package can depend on.

pub use uniffi::uniffi_bindgen_main as generate;
