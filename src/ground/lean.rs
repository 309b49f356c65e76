//! What the browser entry's wasm leaves out.

/// Whether this is the browser entry's wasm: it leaves out what pages do not need.
pub(crate) const LEAN: bool = cfg!(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full")));
