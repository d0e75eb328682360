//! to be replaced
pub(crate) struct ArraySplitter;
