//! Texts beside a file.

use std::sync::LazyLock;

use bytes::Bytes;
use stacchip_cog::{
    HeaderDecoder, Image, Limits, MapInfoTable, Pam, Step, esri_crs, rpc_of_text, world_file,
};

use crate::{memory, seeds};

/// Takes a text for each kind of those that lie beside a file, and gives an image what it says.
pub fn texts(bytes: &[u8]) {
    let image = &*IMAGE;
    // As it is read: UTF-8, else ISO 8859-1.
    let latin = || bytes.iter().map(|&b| char::from(b)).collect();
    let text = std::str::from_utf8(bytes).map_or_else(|_| latin(), str::to_owned);
    memory::within("reading a text", MEMORY + 512 * text.len(), || {
        let mut placed = image.clone();
        if let Some(map) = world_file(&text) {
            placed.attach_world_file(map);
        }
        if let Some(crs) = esri_crs(&text) {
            placed.attach_esri(crs);
        }
        placed.georeference.rpc = rpc_of_text(&text);
        if let Some(pam) = Pam::parse(&text) {
            placed.attach_pam(&pam);
            assert!(placed.bands.len() == image.bands.len(), "bands were added");
        }
        let mut placed = image.clone();
        if let Some(table) = MapInfoTable::parse(&text) {
            assert!(
                table.transform.is_none() || table.control_points.is_empty(),
                "both a map and points"
            );
            let unknown = table.names_crs && table.crs.is_none();
            placed.attach_map_info(table);
            assert!(
                !unknown || placed.georeference.crs.is_none(),
                "places in an unknown system are told in that of the file"
            );
        }
    });
}

/// Of a little file that has a place, and a resolution in inches.
static IMAGE: LazyLock<Image> = LazyLock::new(|| {
    let file = seeds::files().swap_remove(1);
    let mut decoder = HeaderDecoder::new(Limits::default());
    decoder.ends_at(file.len() as u64);
    decoder.supply(0, Bytes::from(file));
    let Ok(Step::Done(mut cog)) = decoder.step() else {
        panic!("our own file is not read");
    };
    let mut image = cog.images.swap_remove(0);
    for (key, value) in [
        ("RESOLUTIONUNIT", "2"),
        ("XRESOLUTION", "300"),
        ("YRESOLUTION", "300"),
    ] {
        image
            .metadata
            .push((format!("TIFFTAG_{key}"), value.to_owned()));
    }
    image
});

const MEMORY: usize = 8 << 20;
