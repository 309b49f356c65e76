//! What the endpoints beside the token endpoint answer.

pub mod introspection;
pub mod logout;
pub mod metadata;
pub mod resource_metadata;
pub mod revocation;
pub mod userinfo;
