//! The machines: each says step by step what is to be sent, signed or verified, and takes what came of it.

pub(crate) mod attempt;
pub(crate) mod calls;
pub mod device;
pub mod discovery;
pub mod exchange;
pub(crate) mod inputs;
pub mod jarm;
pub(crate) mod judge;
pub mod keys;
pub mod login;
pub mod machine;
pub(crate) mod renewal;
pub mod resource;
pub mod session;
pub mod step;
pub(crate) mod token;
pub(crate) mod verification;
