//! The jobs that are measured, and who does each.

use std::collections::BTreeSet;
use std::fmt;

use crate::contender::Contender;
use crate::served::Latency;

/// One job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Job {
    /// A fill of so many COGs in their own CRS.
    Fill { cogs: usize, latency: Latency },
    /// A fill of the area of 4 COGs in UTM.
    Warp { resampling: Resampling, latency: Latency },
    /// A window that touches so many COGs, filled and handed over.
    Cold { cogs: usize, latency: Latency },
    /// The same window out of the cube.
    Warm { cogs: usize },
    /// A fill within so many MiB.
    Memory { cogs: usize, budget: u64, latency: Latency },
}

/// How pixels are taken onto another grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Resampling {
    Bilinear,
    Cubic,
}

/// MiB that a fill may take.
pub(crate) const BUDGETS: [u64; 3] = [128, 256, 512];

impl Job {
    /// All, in the order in which they run; `all` is the number of COGs of the collection.
    pub(crate) fn all(all: usize) -> Vec<Self> {
        let sizes = || BTreeSet::from([4, all]).into_iter();
        let mut jobs = Vec::new();
        for latency in Latency::BOTH {
            jobs.extend(sizes().map(|cogs| Self::Fill { cogs, latency }));
            for resampling in [Resampling::Bilinear, Resampling::Cubic] {
                jobs.push(Self::Warp { resampling, latency });
            }
            jobs.extend([1, 4].map(|cogs| Self::Cold { cogs, latency }));
            for budget in BUDGETS {
                jobs.extend(sizes().map(|cogs| Self::Memory { cogs, budget, latency }));
            }
        }
        jobs.extend([1, 4].map(|cogs| Self::Warm { cogs }));
        jobs
    }

    /// The word that selects it on the command line.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Fill { .. } => "fill",
            Self::Warp { .. } => "warp",
            Self::Cold { .. } => "cold",
            Self::Warm { .. } => "warm",
            Self::Memory { .. } => "memory",
        }
    }

    pub(crate) const fn latency(self) -> Latency {
        match self {
            Self::Fill { latency, .. }
            | Self::Warp { latency, .. }
            | Self::Cold { latency, .. }
            | Self::Memory { latency, .. } => latency,
            Self::Warm { .. } => Latency::None,
        }
    }

    /// Who does it. smart-geocubes as shipped takes minutes: it is asked for `slow` jobs only.
    pub(crate) fn contenders(self, slow: bool) -> Vec<Contender> {
        use Contender as C;
        match self {
            Self::Fill { .. } => {
                let mut all = vec![
                    C::Icechunk,
                    C::Zarr,
                    C::Floor,
                    C::Smart,
                    C::OdcZarr,
                    C::OdcIcechunk,
                    C::Rasterio,
                ];
                all.extend(slow.then_some(C::SmartShipped));
                all
            }
            Self::Warp { .. } => vec![C::Icechunk, C::Zarr, C::Rasterio, C::GdalWarp],
            Self::Cold { .. } => vec![C::Icechunk, C::Zarr, C::OdcMemory, C::Smart],
            Self::Warm { .. } => {
                vec![C::Icechunk, C::Zarr, C::Smart, C::XarrayOdc, C::XarrayOurs]
            }
            Self::Memory { .. } => vec![C::Icechunk, C::Zarr],
        }
    }

    /// Short jobs are done so many times in a round: their times scatter more.
    pub(crate) const fn repeats(self) -> usize {
        match self {
            Self::Cold { .. } | Self::Warm { .. } => 3,
            _ => 1,
        }
    }
}

impl Resampling {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bilinear => "bilinear",
            Self::Cubic => "cubic",
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.latency().milliseconds();
        match self {
            Self::Fill { cogs, .. } => write!(f, "fill of {cogs} COGs, {ms} ms"),
            Self::Warp { resampling, .. } => {
                write!(f, "fill with reprojection, {}, {ms} ms", resampling.name())
            }
            Self::Cold { cogs, .. } => write!(f, "cold window over {cogs} COGs, {ms} ms"),
            Self::Warm { cogs } => write!(f, "warm window over {cogs} COGs"),
            Self::Memory { cogs, budget, .. } => {
                write!(f, "fill of {cogs} COGs within {budget} MiB, {ms} ms")
            }
        }
    }
}
