//! One file for each command.

pub(crate) mod convert;
pub(crate) mod convert_rules;
pub(crate) mod cube_create;
pub(crate) mod cube_fill;
pub(crate) mod cube_info;
pub(crate) mod cube_load;
pub(crate) mod cube_plan;
pub(crate) mod cube_presets;
pub(crate) mod cube_state;
pub(crate) mod grid;
pub(crate) mod source_list;
pub(crate) mod source_search;
pub(crate) mod store_check;
pub(crate) mod store_cp;
pub(crate) mod store_du;
pub(crate) mod store_get;
pub(crate) mod store_info;
pub(crate) mod store_ls;
pub(crate) mod store_put;
pub(crate) mod store_rm;
pub(crate) mod store_tree;
