//! Operations on the gateway of Region Halland.

use super::Lines;
use crate::ground::error::Result;
use crate::provider::halland::gateway::check_header;

/// The name of a header for the key.
pub(super) fn call(mut lines: Lines<'_>) -> Result<()> {
    check_header(lines.next())
}
