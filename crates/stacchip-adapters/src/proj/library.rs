//! The few functions of the C library that are called, made safe.
//!
//! The `proj` crate was tried first and does not serve: it panics where PROJ fails without giving an
//! error number, cannot silence PROJ, copies points twice, and says nothing of units. The reasons at
//! length: `docs/decisions/0021-proj.md`.
#![expect(
    unsafe_code,
    reason = "PROJ is a C library; each call states why it is sound"
)]

mod identify;

use std::{
    ffi::{CStr, CString, c_char},
    ptr::{self, NonNull},
};

use proj_sys as c;
use stacchip_model::{CrsKind, CrsSummary, Point};

/// A PROJ context: what all objects made through it need to stay alive, on one thread.
pub(super) struct Context(NonNull<c::PJ_CONTEXT>);

impl Context {
    /// A context that writes nothing to standard error.
    pub(super) fn new() -> Self {
        // SAFETY: takes nothing. A null answer (no memory) stands for PROJ's default context, which
        // is a valid argument everywhere; it is never destroyed, because `Drop` is given no null.
        let raw = unsafe { c::proj_context_create() };
        let Some(context) = NonNull::new(raw) else {
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<usize>());
        };
        // SAFETY: `context` is alive and used by this thread only (the type is not `Send`).
        unsafe { c::proj_log_level(context.as_ptr(), c::PJ_LOG_LEVEL_PJ_LOG_NONE) };
        Self(context)
    }

    /// The reference system that `definition` (a code, WKT or PROJJSON) stands for.
    pub(super) fn system(&self, definition: &str) -> Result<System<'_>, String> {
        let text = CString::new(definition).map_err(|e| e.to_string())?;
        // SAFETY: `text` ends in NUL and outlives the call; the context is alive.
        let object = unsafe { self.owned(c::proj_create(self.0.as_ptr(), text.as_ptr())) };
        let object =
            object.map_err(|cause| cause.unwrap_or_else(|| "not understood".to_owned()))?;
        // SAFETY: `object` is alive.
        if unsafe { c::proj_is_crs(object.0.as_ptr()) } == 0 {
            return Err("it is no reference system".to_owned());
        }
        Ok(System {
            object,
            context: self,
        })
    }

    /// The way from `source` to `target`, both with x east and y north.
    pub(super) fn transformation(
        &self,
        source: &System<'_>,
        target: &System<'_>,
    ) -> Result<Transformation, String> {
        let none = || "there is no transformation".to_owned();
        // SAFETY: context and systems are alive; area and options may be null.
        let raw = unsafe {
            self.owned(c::proj_create_crs_to_crs_from_pj(
                self.0.as_ptr(),
                source.object.0.as_ptr(),
                target.object.0.as_ptr(),
                ptr::null_mut(),
                ptr::null(),
            ))
        };
        let raw = raw.map_err(|cause| cause.unwrap_or_else(none))?;
        // SAFETY: context and transformation are alive; the answer is an object of its own.
        let object = unsafe {
            self.owned(c::proj_normalize_for_visualization(
                self.0.as_ptr(),
                raw.0.as_ptr(),
            ))
        };
        Ok(Transformation {
            object: object.map_err(|cause| cause.unwrap_or_else(none))?,
            check: source.may_wrap(),
        })
    }

    /// Takes over an object that a call has made, or says why there is none (nothing where PROJ does
    /// not say).
    ///
    /// # Safety
    /// `raw` is null, or an object made in this context that nobody else destroys.
    unsafe fn owned(&self, raw: *mut c::PJ) -> Result<Object, Option<String>> {
        if let Some(object) = NonNull::new(raw) {
            return Ok(Object(object));
        }
        // SAFETY: the context is alive; the text is valid until the next such call, and is copied.
        let cause = unsafe {
            let number = c::proj_context_errno(self.0.as_ptr());
            text(c::proj_context_errno_string(self.0.as_ptr(), number))
        };
        Err(cause)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: made by `proj_context_create`, destroyed once, after all objects made in it: systems
        // borrow it, and the one owner of transformations drops them first (`Thread`).
        unsafe { c::proj_context_destroy(self.0.as_ptr()) };
    }
}

struct Object(NonNull<c::PJ>);

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: an owned object, destroyed once, while its context is alive (see `Context::drop`).
        unsafe { c::proj_destroy(self.0.as_ptr()) };
    }
}

/// A reference system.
pub(super) struct System<'a> {
    object: Object,
    context: &'a Context,
}

impl System<'_> {
    pub(super) fn summary(&self) -> Result<CrsSummary, String> {
        // SAFETY: the object is alive; the text is copied before the object can go.
        let name = unsafe { text(c::proj_get_name(self.object.0.as_ptr())) };
        let name = name.unwrap_or_default();
        let (kind, unit) = self.horizontal(MAX_NESTING)?;
        Ok(CrsSummary { kind, name, unit })
    }

    /// Kind and unit of the horizontal part; `depth` bounds compounds of compounds.
    fn horizontal(&self, depth: u8) -> Result<(CrsKind, f64), String> {
        let (context, object) = (self.context.0.as_ptr(), self.object.0.as_ptr());
        // SAFETY: the object is alive.
        let kind = match unsafe { c::proj_get_type(object) } {
            c::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_2D_CRS | c::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_3D_CRS => {
                CrsKind::Geographic
            }
            c::PJ_TYPE_PJ_TYPE_PROJECTED_CRS | c::PJ_TYPE_PJ_TYPE_DERIVED_PROJECTED_CRS => {
                CrsKind::Projected
            }
            part @ (c::PJ_TYPE_PJ_TYPE_COMPOUND_CRS | c::PJ_TYPE_PJ_TYPE_BOUND_CRS)
                if depth > 0 =>
            {
                // SAFETY: context and object are alive; the answer is an object of its own.
                let inner = unsafe {
                    self.context
                        .owned(if part == c::PJ_TYPE_PJ_TYPE_COMPOUND_CRS {
                            c::proj_crs_get_sub_crs(context, object, 0)
                        } else {
                            c::proj_get_source_crs(context, object)
                        })
                };
                let inner = Self {
                    object: inner.map_err(Option::unwrap_or_default)?,
                    context: self.context,
                };
                return inner.horizontal(depth - 1);
            }
            _ => CrsKind::Other,
        };
        Ok((kind, self.unit_of_first_axis().unwrap_or(1.0)))
    }

    fn unit_of_first_axis(&self) -> Option<f64> {
        let mut factor = 1.0;
        // SAFETY: context and object are alive; outputs that are not wanted may be null; `factor`
        // outlives the call. A coordinate system is an object of its own.
        unsafe {
            let context = self.context.0.as_ptr();
            let axes = c::proj_crs_get_coordinate_system(context, self.object.0.as_ptr());
            let axes = self.context.owned(axes).ok()?;
            let done = c::proj_cs_get_axis_info(
                context,
                axes.0.as_ptr(),
                0,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut factor,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            );
            (done != 0).then_some(factor)
        }
    }

    /// Whether PROJ may answer a point beyond the edge of the map with another point's place.
    /// Geographic systems go round, and so do cylinders, rightly.
    fn may_wrap(&self) -> bool {
        if matches!(self.horizontal(MAX_NESTING), Ok((CrsKind::Geographic, _))) {
            return false;
        }
        // SAFETY: context and object are alive; the text is copied before the object can go.
        let pipeline = unsafe {
            text(c::proj_as_proj_string(
                self.context.0.as_ptr(),
                self.object.0.as_ptr(),
                c::PJ_PROJ_STRING_TYPE_PJ_PROJ_5,
                ptr::null(),
            ))
        };
        !pipeline.is_some_and(|p| p.split_whitespace().any(|word| CYLINDERS.contains(&word)))
    }
}

/// A way from one system to another.
pub(super) struct Transformation {
    object: Object,
    /// Whether each answer is checked by the way back.
    check: bool,
}

impl Transformation {
    /// Moves `points` in place; the first point, as given, that has no place in the target.
    pub(super) fn apply(&self, points: &mut [Point]) -> Option<Point> {
        let mut given = [[0.0; 2]; CHUNK];
        let mut back = [[0.0; 2]; CHUNK];
        for chunk in points.chunks_mut(CHUNK) {
            let given = given.get_mut(..chunk.len())?;
            given.copy_from_slice(chunk);
            self.go(chunk, c::PJ_DIRECTION_PJ_FWD);
            let lost = chunk
                .iter()
                .position(|p| !p[0].is_finite() || !p[1].is_finite());
            if let Some(lost) = lost {
                return given.get(lost).copied();
            }
            if self.check {
                let back = back.get_mut(..chunk.len())?;
                back.copy_from_slice(chunk);
                self.go(back, c::PJ_DIRECTION_PJ_INV);
                let elsewhere = given
                    .iter()
                    .zip(&*back)
                    .find(|(g, b)| !same_place(**g, **b));
                if let Some((given, _)) = elsewhere {
                    return Some(*given);
                }
            }
        }
        None
    }

    fn go(&self, points: &mut [Point], direction: c::PJ_DIRECTION) {
        const STEP: usize = size_of::<Point>();
        let count = points.len();
        let base = points.as_mut_ptr().cast::<f64>();
        // SAFETY: x and y of point i lie at `base + i · STEP` and 8 bytes on, for i < count, all
        // inside `points`, which is borrowed mutably for the call. z and t are null with count 0,
        // which PROJ reads as constants. Points that fail come back as infinities.
        unsafe {
            c::proj_errno_reset(self.object.0.as_ptr());
            c::proj_trans_generic(
                self.object.0.as_ptr(),
                direction,
                base,
                STEP,
                count,
                base.add(1),
                STEP,
                count,
                ptr::null_mut(),
                0,
                0,
                ptr::null_mut(),
                0,
                0,
            );
        }
    }
}

/// Whether the way there and back ended where it began, within a millionth of the coordinates'
/// size: some metres, where a wrapped answer is hundreds of kilometres off.
fn same_place(given: Point, back: Point) -> bool {
    let far = 1.0 + given[0].abs() + given[1].abs();
    let off = (given[0] - back[0]).abs() + (given[1] - back[1]).abs();
    off <= far * 1e-6
}

/// A copy of a C text; nothing where there is none.
///
/// # Safety
/// `raw` is null or a text that ends in NUL and stays for the call.
unsafe fn text(raw: *const c_char) -> Option<String> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(
        unsafe { CStr::from_ptr(raw) }
            .to_string_lossy()
            .into_owned(),
    )
}

/// Points moved in one call: 8 KiB a buffer on the stack.
const CHUNK: usize = 512;

/// How deep compounds may hold compounds before they are `Other`.
const MAX_NESTING: u8 = 4;

/// Projections whose map repeats along x, as PROJ writes them.
const CYLINDERS: [&str; 6] = [
    "+proj=webmerc",
    "+proj=merc",
    "+proj=eqc",
    "+proj=cea",
    "+proj=mill",
    "+proj=longlat",
];
