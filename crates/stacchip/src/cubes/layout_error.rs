//! Why a chip does not go into cubes.

use stacchip_model::SampleType;
use thiserror::Error;

/// Why a chip is not of the kind that the cubes hold.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// There is no array.
    #[error("the chip has no array: choose assets with --assets")]
    Empty,
    /// Complex numbers are not written.
    #[error("{name} holds {sample}, and cubes hold real numbers")]
    Complex {
        /// The asset.
        name: String,
        /// Its type.
        sample: SampleType,
    },
    /// Arrays of several types do not go into one.
    #[error(
        "{first} is {first_type}, {second} {second_type}, and a cube has one type: choose assets that agree \
         with --assets, or --dtype float32"
    )]
    Types {
        /// An asset.
        first: String,
        /// Its type.
        first_type: SampleType,
        /// Another.
        second: String,
        /// Its type.
        second_type: SampleType,
    },
    /// Another type than the cubes'.
    #[error("{name} is {sample}, and the cubes hold {wanted}")]
    Type {
        /// The asset.
        name: String,
        /// Its type.
        sample: SampleType,
        /// That of the cubes.
        wanted: SampleType,
    },
    /// Another number of bands, or another size.
    #[error("it is {shape:?} (bands, rows, columns), and the cubes hold {wanted:?}")]
    Shape {
        /// Its shape.
        shape: [usize; 3],
        /// That of the cubes.
        wanted: [usize; 3],
    },
    /// Other bands.
    #[error(
        "its bands are {}, and the cubes hold {}: name bands that all items have with --assets",
        .bands.join(", "), .wanted.join(", ")
    )]
    Bands {
        /// Its bands.
        bands: Vec<String>,
        /// Those of the cubes.
        wanted: Vec<String>,
    },
    /// Another value means no data.
    #[error(
        "{band} has {}, and the cubes hold {}: write it with --format geotiff, which keeps that of each chip, \
         or into cubes of its own",
        said(*.nodata), said(*.wanted)
    )]
    Nodata {
        /// The band.
        band: String,
        /// The value.
        nodata: Option<f64>,
        /// That of the cubes.
        wanted: Option<f64>,
    },
    /// Several values mean no data in what has place for one.
    #[error(
        "{first} has {}, {second} {}, and a file of this format has one for all bands: choose assets that agree \
         with --assets, or another --format",
        said(*.first_nodata), said(*.second_nodata)
    )]
    SeveralNodata {
        /// A band.
        first: String,
        /// Its value.
        first_nodata: Option<f64>,
        /// Another.
        second: String,
        /// Its value.
        second_nodata: Option<f64>,
    },
}

fn said(nodata: Option<f64>) -> String {
    nodata.map_or_else(
        || "no nodata value".to_owned(),
        |value| format!("the nodata value {value}"),
    )
}
