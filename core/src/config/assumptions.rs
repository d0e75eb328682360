//! The two shapes that the body of create session may have.

/// How create session carries the inputs. No public source says which; the default is assumed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum CreateBody {
    /// `{"inputs": {…}}`.
    #[default]
    Wrapped,
    /// The inputs themselves are the body.
    Bare,
}
