//! STAC: APIs and static catalogues.

mod api;
mod static_catalogue;

pub use api::StacApi;
pub use static_catalogue::StacStatic;
