//! An operation of PROJ, carried out by GDAL.

use std::sync::{Mutex, PoisonError};

use ::gdal::errors::Result;
use ::gdal::spatial_ref::{CoordTransform, CoordTransformOptions, SpatialRef};

/// A projection or shift as a PROJ string, both ways, on radians and the units that it names.
#[derive(Debug)]
pub(super) struct Operation {
    text: String,
    /// Forward and inverse ones that no thread is using.
    idle: [Mutex<Vec<Handle>>; 2],
}

impl Operation {
    /// A map projection; `None` when PROJ does not know it, or knows it as something else.
    pub(super) fn projection(text: &str) -> Option<Self> {
        let _quiet = Quiet::new();
        SpatialRef::from_proj4(text).ok().filter(SpatialRef::is_projected)?;
        Self::open(text)
    }

    /// `None` when PROJ does not know it or does not find its grids.
    pub(super) fn open(text: &str) -> Option<Self> {
        let handle = Handle::new(text, false).ok()?;
        let idle = [Mutex::new(vec![handle]), Mutex::default()];
        Some(Self { text: text.to_owned(), idle })
    }

    pub(super) fn forward(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        self.apply(false, point)
    }

    pub(super) fn inverse(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        self.apply(true, point)
    }

    fn apply(&self, inverse: bool, point: (f64, f64)) -> Option<(f64, f64)> {
        let idle = &self.idle[usize::from(inverse)];
        let free = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let handle = match free {
            Some(handle) => handle,
            None => Handle::new(&self.text, inverse).ok()?,
        };
        let moved = handle.apply(point);
        idle.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        moved
    }
}

/// What GDAL holds of an operation; for one thread at a time.
#[derive(Debug)]
struct Handle(CoordTransform);

// SAFETY: GDAL gives the operation the PROJ context of the thread that calls, at every call and when
// it is dropped; nothing else in it belongs to a thread. It is not `Sync`: an owner at a time uses it.
#[expect(unsafe_code, reason = "the crate says nothing about threads")]
unsafe impl Send for Handle {}

impl Handle {
    fn new(text: &str, inverse: bool) -> Result<Self> {
        let _quiet = Quiet::new();
        // With the operation given, GDAL takes no more than the order of axes from these.
        let plane = SpatialRef::from_proj4("+proj=eqc +R=6371000 +units=m +no_defs")?;
        let mut options = CoordTransformOptions::new()?;
        options.set_ballpark_allowed(false)?;
        options.set_coordinate_operation(text, inverse)?;
        CoordTransform::new_with_options(&plane, &plane, &options).map(Self)
    }

    fn apply(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let _quiet = Quiet::new();
        let (mut xs, mut ys) = ([x], [y]);
        self.0.transform_coords(&mut xs, &mut ys, &mut []).ok()?;
        (xs[0].is_finite() && ys[0].is_finite()).then_some((xs[0], ys[0]))
    }
}

/// While it lives, GDAL writes no error of this thread to the terminal.
struct Quiet;

impl Quiet {
    #[expect(unsafe_code, reason = "the switch is in no safe interface")]
    fn new() -> Self {
        // SAFETY: the handler is GDAL's own, and goes on the stack of handlers of this thread.
        unsafe { gdal_sys::CPLPushErrorHandler(Some(gdal_sys::CPLQuietErrorHandler)) };
        Self
    }
}

impl Drop for Quiet {
    #[expect(unsafe_code, reason = "the switch is in no safe interface")]
    fn drop(&mut self) {
        // SAFETY: `new` has put a handler on this thread's stack; the type does not leave its thread.
        unsafe { gdal_sys::CPLPopErrorHandler() };
    }
}
