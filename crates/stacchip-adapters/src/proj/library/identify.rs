//! What a system is called, and whether two are the same.
//! `unsafe` is allowed by the module above.

use std::{
    ffi::{CString, c_int},
    ptr::{self, NonNull},
};

use proj_sys as c;
use stacchip_model::AuthorityCode;

use super::{System, text};

impl System<'_> {
    /// The system with `heights` as its third axis.
    pub(in crate::proj) fn with_heights(self, heights: &Self) -> Result<Self, String> {
        let name = format!("{} + {}", self.name(), heights.name());
        let name = CString::new(name).map_err(|e| e.to_string())?;
        // SAFETY: context, systems and name are alive; the answer is an object of its own.
        let object = unsafe {
            self.context.owned(c::proj_create_compound_crs(
                self.context.0.as_ptr(),
                name.as_ptr(),
                self.object.0.as_ptr(),
                heights.object.0.as_ptr(),
            ))
        };
        Ok(Self {
            object: object.map_err(Option::unwrap_or_default)?,
            context: self.context,
        })
    }

    /// Its code in a register: its own, else that of an entry that means the same. EPSG's first.
    pub(in crate::proj) fn identified(&self) -> Option<AuthorityCode> {
        if let Some(own) = id_of(self.object.0) {
            return Some(own);
        }
        self.entry().or_else(|| {
            // Files put east first; registers may have another order or direction.
            AXES.iter()
                .find_map(|axes| self.with_axes(*axes).ok()?.entry())
        })
    }

    /// The same map with other axes.
    fn with_axes(&self, axes: c::PJ_CARTESIAN_CS_2D_TYPE) -> Result<Self, Option<String>> {
        let context = self.context.0.as_ptr();
        // SAFETY: the object is alive.
        if unsafe { c::proj_get_type(self.object.0.as_ptr()) } != c::PJ_TYPE_PJ_TYPE_PROJECTED_CRS {
            return Err(None);
        }
        let unit = self.unit_of_first_axis().ok_or(None)?;
        let name = CString::new(self.name()).map_err(|e| Some(e.to_string()))?;
        // SAFETY: context and objects are alive, each answer is an object of its own; the name
        // outlives the call. Of the unit only the size counts.
        let object = unsafe {
            let owned = |raw| self.context.owned(raw);
            let base = owned(c::proj_crs_get_geodetic_crs(
                context,
                self.object.0.as_ptr(),
            ))?;
            let projection = owned(c::proj_crs_get_coordoperation(
                context,
                self.object.0.as_ptr(),
            ))?;
            let plane = owned(c::proj_create_cartesian_2D_cs(
                context,
                axes,
                c"unit".as_ptr(),
                unit,
            ))?;
            owned(c::proj_create_projected_crs(
                context,
                name.as_ptr(),
                base.0.as_ptr(),
                projection.0.as_ptr(),
                plane.0.as_ptr(),
            ))?
        };
        Ok(Self {
            object,
            context: self.context,
        })
    }

    /// The entry of a register that means the same.
    fn entry(&self) -> Option<AuthorityCode> {
        let context = self.context.0.as_ptr();
        let mut confidence: *mut c_int = ptr::null_mut();
        // SAFETY: context and system are alive; no authority means all, options may be null;
        // `confidence` outlives the call.
        let list = unsafe {
            c::proj_identify(
                context,
                self.object.0.as_ptr(),
                ptr::null(),
                ptr::null(),
                &raw mut confidence,
            )
        };
        let list = NonNull::new(list)?;
        let mut found = Vec::new();
        if let Some(confidence) = NonNull::new(confidence) {
            // SAFETY: the list is alive; `confidence` has a number for each of its entries.
            unsafe {
                for i in 0..c::proj_list_get_count(list.as_ptr()) {
                    let sure = usize::try_from(i).map_or(0, |i| *confidence.as_ptr().add(i));
                    let entry = c::proj_list_get(context, list.as_ptr(), i);
                    if let Ok(entry) = self.context.owned(entry)
                        && let Some(id) = id_of(entry.0)
                        && sure >= SURE_ENOUGH
                    {
                        found.push((id.authority != "EPSG", -sure, id));
                    }
                }
                c::proj_int_list_destroy(confidence.as_ptr());
            }
        }
        // SAFETY: an owned list, destroyed once.
        unsafe { c::proj_list_destroy(list.as_ptr()) };
        found
            .into_iter()
            .min_by_key(|(other, doubt, _)| (*other, *doubt))
            .map(|(_, _, id)| id)
    }

    /// Its definition as WKT 2:2019, on one line.
    pub(in crate::proj) fn well_known_text(&self) -> Result<String, String> {
        let options = [c"MULTILINE=NO".as_ptr(), ptr::null()];
        // SAFETY: context and system are alive; options end in null and outlive the call; the text
        // is copied before the object can go.
        let wkt = unsafe {
            text(c::proj_as_wkt(
                self.context.0.as_ptr(),
                self.object.0.as_ptr(),
                c::PJ_WKT_TYPE_PJ_WKT2_2019,
                options.as_ptr(),
            ))
        };
        wkt.ok_or_else(|| "it has no well-known text".to_owned())
    }

    /// Whether `other` means the same, the order of geographic axes apart.
    pub(in crate::proj) fn is_same(&self, other: &Self) -> bool {
        // SAFETY: context and systems are alive.
        let same = unsafe {
            c::proj_is_equivalent_to_with_ctx(
                self.context.0.as_ptr(),
                self.object.0.as_ptr(),
                other.object.0.as_ptr(),
                c::PJ_COMPARISON_CRITERION_PJ_COMP_EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS,
            )
        };
        same != 0
    }

    fn name(&self) -> String {
        // SAFETY: the object is alive; the text is copied before the object can go.
        unsafe { text(c::proj_get_name(self.object.0.as_ptr())) }.unwrap_or_default()
    }
}

/// The first identifier of a living object.
fn id_of(object: NonNull<c::PJ>) -> Option<AuthorityCode> {
    // SAFETY: the object is alive; the texts are copied before it can go.
    unsafe {
        let authority = text(c::proj_get_id_auth_name(object.as_ptr(), 0))?;
        let code = text(c::proj_get_id_code(object.as_ptr(), 0))?;
        Some(AuthorityCode::new(authority, code))
    }
}

/// The orders and directions of axes that registers have for maps, east and north apart.
const AXES: [c::PJ_CARTESIAN_CS_2D_TYPE; 4] = [
    c::PJ_CARTESIAN_CS_2D_TYPE_PJ_CART2D_NORTHING_EASTING,
    c::PJ_CARTESIAN_CS_2D_TYPE_PJ_CART2D_NORTH_POLE_EASTING_SOUTH_NORTHING_SOUTH,
    c::PJ_CARTESIAN_CS_2D_TYPE_PJ_CART2D_SOUTH_POLE_EASTING_NORTH_NORTHING_NORTH,
    c::PJ_CARTESIAN_CS_2D_TYPE_PJ_CART2D_WESTING_SOUTHING,
];

/// From here on an entry of a register means the same, whatever its name (PROJ's documentation of
/// `proj_identify`; rasterio's default as well).
const SURE_ENOUGH: c_int = 70;
