//! Where an asset without an affine lies: a locator made once, and what patches need by it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use terracube_grid::{GeoBox, Window};
use terracube_raster::{GcpMethod, Locator, RasterFile, Resampling, SourceExtent};
use tokio::sync::{OnceCell, oneshot};

use crate::{Error, Patch, Result};

/// An image that is placed by geolocation arrays or ground control points.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) locator: Locator,
    /// Columns and rows of the image.
    size: (usize, usize),
    /// Of the locator and of the arrays that it was made of.
    pub(super) bytes: u64,
    /// What patches need, by row and column: their bands and time steps need the same.
    windows: Mutex<HashMap<(u32, u32), Slot>>,
}

type Slot = Arc<OnceCell<Option<Window>>>;

/// Windows kept; past that all are dropped and found again.
const KEPT: usize = 4096;
/// Nearest and bilinear look no farther than the next pixel.
const MARGIN: usize = 1;

impl Located {
    /// The place of a file that has points instead of a grid, or why they do not tell it.
    pub(super) async fn of(file: &RasterFile) -> Result<Option<Result<Arc<Self>, String>>> {
        let has_points = file.geolocation().is_some() || file.gcps().is_some();
        if file.geobox().is_some() || !has_points {
            return Ok(None);
        }
        let file = file.clone();
        let made = super::blocking(move || Self::made_of(&file)).await;
        made.ok_or(Error::Lost { stage: "headers" })
    }

    fn made_of(file: &RasterFile) -> Option<Result<Arc<Self>, String>> {
        let (locator, points) = match (file.geolocation(), file.gcps()) {
            (Some(places), _) => (Locator::of_arrays(places, None), places.x.len()),
            (None, gcps) => {
                let gcps = gcps?;
                (Locator::of_gcps(gcps, GcpMethod::Auto), gcps.points.len())
            }
        };
        let level = file.levels().first()?;
        let located = locator.map_err(|error| error.to_string()).map(|locator| {
            let bytes = locator.bytes() + 2 * (points * size_of::<f64>()) as u64;
            let size = (level.width, level.height);
            Arc::new(Self { locator, size, bytes, windows: Mutex::default() })
        });
        Some(located)
    }

    /// The pixels that a patch needs, as many more around them as `reach`; `None` when it meets
    /// none. The pixels of the patch are all placed, so that what is read is all that the warp asks
    /// for and a pixel does not depend on its patch.
    pub(super) async fn window(
        self: &Arc<Self>,
        patch: Patch,
        geobox: &GeoBox,
        reach: usize,
    ) -> Result<Option<Window>> {
        let slot = {
            let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            if windows.len() >= KEPT {
                windows.clear();
            }
            windows.entry((patch.row, patch.col)).or_default().clone()
        };
        let found = slot.get_or_try_init(|| self.find(geobox)).await?;
        Ok(found.map(|window| self.grown(&window, reach)))
    }

    async fn find(self: &Arc<Self>, geobox: &GeoBox) -> Result<Option<Window>> {
        let (sender, receiver) = oneshot::channel();
        let (located, geobox) = (self.clone(), geobox.clone());
        rayon::spawn(move || {
            // The receiver is gone when the fill was stopped.
            let _ = sender.send(located.locator.window(&geobox, located.size, MARGIN));
        });
        Ok(receiver.await.map_err(|_| Error::Lost { stage: "headers" })??)
    }

    fn grown(&self, window: &Window, reach: usize) -> Window {
        let (col, row) = (window.col.saturating_sub(reach), window.row.saturating_sub(reach));
        let right = (window.col + window.width + reach).min(self.size.0);
        let bottom = (window.row + window.height + reach).min(self.size.1);
        Window::new(col, row, right - col, bottom - row)
    }

    /// Where a window lies in the image.
    pub(super) fn extent(&self, window: &Window) -> SourceExtent {
        let (width, height) = self.size;
        SourceExtent { col: window.col, row: window.row, width, height }
    }
}

/// Why a method does not go with points, if it does not.
pub(super) fn misfit(resampling: Resampling) -> Option<String> {
    (!matches!(resampling, Resampling::Nearest | Resampling::Bilinear)).then(|| {
        format!(
            "it is located by points, not by a grid, so that its resampling is nearest or bilinear, not {resampling}"
        )
    })
}
