//! Where buckets and containers are.

use super::azure::AzureContainers;
use super::s3::S3Endpoint;

/// Where buckets and containers are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buckets {
    pub(crate) s3: S3Endpoint,
    pub(crate) azure: AzureContainers,
}
