//! The description of the service, following the settings.

use crate::settings::Settings;

pub(crate) fn describe(_settings: &Settings) -> String {
    String::new()
}
