//! Containers of Azure Blob Storage.

use std::sync::Arc;

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};

use super::Object;
use crate::{Error, Prefix, Result};

/// The store at `az://container/prefix`; the account and how to sign come from the environment
/// (`AZURE_STORAGE_…`).
pub(crate) fn open(container: &str, prefix: Prefix) -> Result<Object> {
    let shown = format!("az://{container}/{prefix}");
    let builder = MicrosoftAzureBuilder::from_env().with_container_name(container);
    let account = builder.get_config_value(&AzureConfigKey::AccountName).unwrap_or_default();
    let client = builder
        .build()
        .map_err(|cause| Error::Location { location: shown.clone(), reason: cause.to_string() })?;
    let identity = format!("{shown} of {account}");
    let object = Object::new(Arc::new(client), prefix, &shown, &identity);
    Ok(Object { has_suffixes: false, ..object })
}
