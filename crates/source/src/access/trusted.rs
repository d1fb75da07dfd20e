//! Certificates that are trusted beside those of the system.

use std::path::PathBuf;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::{Error, Result};

/// Files of certificates in PEM.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trusted(pub(crate) Vec<PathBuf>);

impl Trusted {
    /// The certificates.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let mut all = Vec::new();
        for path in &self.0 {
            let failed = |source| Error::File { operation: "read", path: path.clone(), source };
            let text = std::fs::read(path).map_err(failed)?;
            let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
            match found {
                Ok(found) if !found.is_empty() => all.extend(found),
                _ => {
                    return Err(Error::Setting {
                        setting: "trust".to_owned(),
                        reason: format!("{} holds no certificate in PEM", path.display()),
                    });
                }
            }
        }
        Ok(all)
    }
}
