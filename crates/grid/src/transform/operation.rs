//! An operation of PROJ, carried out by GDAL.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use ::gdal::errors::Result;
use ::gdal::spatial_ref::{CoordTransform, CoordTransformOptions, SpatialRef};

/// A projection or shift as a PROJ string, both ways, on radians and the units that it names.
#[derive(Debug)]
pub(super) struct Operation {
    text: String,
    /// Forward and inverse.
    pools: [Pool; 2],
}

/// PROJ failed where it has an answer, or would know that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault;

type Moved = std::result::Result<Option<(f64, f64)>, Fault>;

/// A place, and where it is moved to.
type Proof = ((f64, f64), (f64, f64));

/// Handles for threads to take turns with.
#[derive(Debug)]
struct Pool {
    handles: Mutex<Handles>,
    returned: Condvar,
}

#[derive(Debug)]
struct Handles {
    idle: Vec<Handle>,
    /// Those in use counted in.
    count: usize,
    /// How many there may be; no more than there are once another could not be made.
    most: usize,
    /// What the first has answered: another that does not has not got its grids open.
    proof: Option<Proof>,
}

/// The operations with grids that are in use, by their text.
///
/// Every handle keeps its grids open, and file descriptors are the process's: transforms made by the
/// hundred would take them all, were each to open its own. An entry lasts as long as its users.
static SHARED: Mutex<BTreeMap<String, Weak<Operation>>> = Mutex::new(BTreeMap::new());

/// Handles of an operation for each direction; further threads wait.
const MOST_HANDLES: usize = 4;

impl Operation {
    /// A map projection; `None` when PROJ does not know it, or knows it as something else.
    pub(super) fn projection(text: &str) -> Option<Self> {
        let _quiet = Quiet::new();
        SpatialRef::from_proj4(text).ok().filter(SpatialRef::is_projected)?;
        Self::open(text, &[]).ok().flatten()
    }

    /// A shift, which others may be using; `None` when PROJ does not know it or does not find its grids.
    ///
    /// The places, in radians, are where it is tried.
    ///
    /// # Errors
    /// [`Fault`] when it cannot tell, for want of file descriptors.
    pub(super) fn shared(
        text: &str,
        places: &[(f64, f64)],
    ) -> std::result::Result<Option<Arc<Self>>, Fault> {
        if let Some(found) = locked(&SHARED).get(text).and_then(Weak::upgrade) {
            return Ok(Some(found));
        }
        let Some(made) = Self::open(text, places)? else { return Ok(None) };
        let made = Arc::new(made);
        let mut shared = locked(&SHARED);
        if let Some(found) = shared.get(text).and_then(Weak::upgrade) {
            return Ok(Some(found));
        }
        shared.retain(|_, operation| operation.strong_count() > 0);
        shared.insert(text.to_owned(), Arc::downgrade(&made));
        Ok(Some(made))
    }

    fn open(text: &str, places: &[(f64, f64)]) -> std::result::Result<Option<Self>, Fault> {
        let pool = |inverse| match Pool::open(text, inverse, places) {
            // They may have run out, and been given back since.
            Err(Fault) if !descriptors_ran_out() => Ok(Pool::open(text, inverse, places).ok()),
            found => found.map(Some),
        };
        let (Some(forward), Some(inverse)) = (pool(false)?, pool(true)?) else { return Ok(None) };
        Ok(Some(Self { text: text.to_owned(), pools: [forward, inverse] }))
    }

    pub(super) fn forward(&self, point: (f64, f64)) -> Moved {
        self.apply(false, point)
    }

    pub(super) fn inverse(&self, point: (f64, f64)) -> Moved {
        self.apply(true, point)
    }

    fn apply(&self, inverse: bool, point: (f64, f64)) -> Moved {
        let pool = &self.pools[usize::from(inverse)];
        let another = |proof: Option<Proof>| {
            let handle = Handle::new(&self.text, inverse).ok()?;
            let is_right = |(at, there)| handle.apply(at) == Ok(Some(there));
            let is_whole = proof.is_none_or(is_right);
            handle.failed.set(!is_whole);
            is_whole.then_some(handle)
        };
        let handle = pool.take(another).ok_or(Fault)?;
        let moved = handle.apply(point);
        pool.put(handle, point, moved);
        moved
    }
}

impl Pool {
    /// Of one handle, which has looked into its grids: they are opened when a place is asked for.
    fn open(text: &str, inverse: bool, places: &[(f64, f64)]) -> std::result::Result<Self, Fault> {
        let handle = Handle::new(text, inverse).map_err(|_| Fault)?;
        let mut proof = None;
        for place in places {
            if let Some(there) = handle.apply(*place)? {
                proof = Some((*place, there));
                break;
            }
        }
        // A grid that PROJ cannot open is to it one that holds no place.
        if proof.is_none() && descriptors_ran_out() {
            handle.failed.set(true);
            return Err(Fault);
        }
        let handles = Handles { idle: vec![handle], count: 1, most: MOST_HANDLES, proof };
        Ok(Self { handles: Mutex::new(handles), returned: Condvar::new() })
    }

    /// One that is idle, or another; where that cannot be made, the next that is returned, if there is
    /// any.
    fn take(&self, another: impl FnOnce(Option<Proof>) -> Option<Handle>) -> Option<Handle> {
        let mut handles = locked(&self.handles);
        let is_room = handles.count < handles.most && handles.proof.is_some();
        if handles.idle.is_empty() && (handles.count == 0 || is_room) {
            handles.count += 1;
            let proof = handles.proof;
            drop(handles);
            if let Some(handle) = another(proof) {
                return Some(handle);
            }
            handles = locked(&self.handles);
            handles.count -= 1;
            handles.most = handles.count;
            self.returned.notify_all();
        }
        loop {
            if let Some(handle) = handles.idle.pop() {
                return Some(handle);
            }
            if handles.count == 0 {
                return None;
            }
            handles = self.returned.wait(handles).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a handle back, with what it has answered; not one that has failed.
    fn put(&self, handle: Handle, point: (f64, f64), moved: Moved) {
        let mut handles = locked(&self.handles);
        match moved {
            Ok(there) => {
                handles.proof = handles.proof.or(there.map(|there| (point, there)));
                handles.idle.push(handle);
            }
            Err(Fault) => handles.count -= 1,
        }
        drop(handles);
        self.returned.notify_all();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process or the machine can open no more files.
fn descriptors_ran_out() -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    let opened = std::fs::File::open(".");
    cfg!(unix) && opened.is_err_and(|cause| matches!(cause.raw_os_error(), Some(ENFILE | EMFILE)))
}

/// What GDAL holds of an operation; for one thread at a time.
#[derive(Debug)]
struct Handle {
    /// Not dropped after a fault: GDAL would keep it for the next who asks for the operation, and PROJ
    /// passes coordinates on unchanged once it has failed to open a grid.
    transform: ManuallyDrop<CoordTransform>,
    failed: Cell<bool>,
}

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
        let transform = CoordTransform::new_with_options(&plane, &plane, &options)?;
        Ok(Self { transform: ManuallyDrop::new(transform), failed: Cell::new(false) })
    }

    #[expect(unsafe_code, reason = "the safe call does not tell why there is no answer")]
    fn apply(&self, (mut x, mut y): (f64, f64)) -> Moved {
        let _quiet = Quiet::new();
        let (mut z, mut t, mut code) = (0.0, 0.0, 0);
        // SAFETY: the transformation lives as long as `self`, and each pointer is to one number, as the
        // count says.
        unsafe {
            let transform = self.transform.to_c_hct();
            gdal_sys::OCTTransform4DWithErrorCodes(
                transform, 1, &mut x, &mut y, &mut z, &mut t, &mut code,
            );
        }
        if code == 0 && x.is_finite() && y.is_finite() {
            return Ok(Some((x, y)));
        }
        if is_fault(code) {
            self.failed.set(true);
            return Err(Fault);
        }
        Ok(None)
    }
}

impl Drop for Handle {
    #[expect(unsafe_code, reason = "it is not always to be dropped")]
    fn drop(&mut self) {
        if !self.failed.get() {
            // SAFETY: it is dropped here only, and not used after.
            unsafe { ManuallyDrop::drop(&mut self.transform) };
        }
    }
}

/// Whether an error of PROJ's says something else than that there are no coordinates at a place.
fn is_fault(code: i32) -> bool {
    // The class of errors in the operation itself, such as a grid that cannot be read, and of others:
    // `PROJ_ERR_OTHER` and its network error. Below them are the system's.
    matches!(code, 1..2048 | 4096 | 4099)
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
