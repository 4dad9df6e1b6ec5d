//! Files beside a raster that say more of it: which are looked for, and in which order they count.

use std::sync::Arc;

use bytes::Bytes;
use stacchip_cog::{
    Cog, Image, Limits, MapInfoTable, OpenError, Pam, RangeReader, ReadError, ReadErrorKind,
    Source, esri_crs, open, rpc_of_text, world_file,
};

use crate::{AssetOpener, ChipError};

/// Which files beside rasters are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sidecars {
    /// None: a header is one request.
    #[default]
    None,
    /// Of files on this machine, all that GDAL looks for: overviews (`.ovr`), masks (`.msk`), GDAL's
    /// notes (`.aux.xml`), `MapInfo`'s tables, world files, ESRI metadata, rational polynomials. Of anything else none.
    Local,
    /// As `Local`, and of anything else overviews and masks, a request or two each even where there
    /// are none.
    Everywhere,
}

/// What files beside an image hold.
#[derive(Default)]
pub(crate) struct Found {
    /// What reads the parts of it that are in other files.
    pub(crate) parts: Vec<(Source, Arc<dyn RangeReader>)>,
    /// Files of which nobody may know whether they are there.
    pub(crate) in_doubt: Vec<String>,
}

/// Adds to `cog`, the header of the file at `address`, what files beside it hold.
pub(crate) async fn attach(
    which: Sidecars,
    opener: &dyn AssetOpener,
    address: &str,
    cog: &mut Cog,
    limits: &Limits,
) -> Result<Found, ChipError> {
    let mut parts = Vec::new();
    let mut beside = Beside {
        opener,
        address,
        limits,
        in_doubt: Vec::new(),
    };
    let local = is_local(address);
    // A signed address has no place for an ending, and its signature is for one object.
    let asked = match which {
        Sidecars::None => false,
        Sidecars::Local => local,
        Sidecars::Everywhere => local || !address.contains('?'),
    };
    let Some(image) = cog.images.first_mut().filter(|_| asked) else {
        return Ok(Found::default());
    };
    if image.levels.len() == 1
        && let Some((header, reader)) = beside.raster(".ovr").await?
        && image.attach_overviews(&header) > 0
    {
        parts.push((Source::Overviews, reader));
    }
    if !image.has_mask()
        && let Some((header, reader)) = beside.raster(".msk").await?
        && image.attach_mask(&header) > 0
    {
        parts.push((Source::Mask, reader));
    }
    if local {
        texts(&mut beside, image).await?;
    }
    let in_doubt = beside.in_doubt;
    Ok(Found { parts, in_doubt })
}

/// What texts beside the file say. As in GDAL: `.aux.xml` goes before all else; then tables of `MapInfo` and world
/// files, which are looked for where the file has no transform, and go before its control points; then the code of a
/// system in ESRI's metadata, which goes before that of the file itself. All others go after it.
async fn texts(beside: &mut Beside<'_>, image: &mut Image) -> Result<(), ChipError> {
    let mut found = beside.text(&[Ending::Instead(".xml")]).await?;
    if found.is_none() && image.georeference.crs.is_none() {
        found = beside.text(&[Ending::Added(".xml")]).await?;
    }
    if let Some(crs) = found.as_deref().and_then(esri_crs) {
        image.attach_esri(crs);
    }
    if image.georeference.transform.is_none() {
        let found = beside.text(&MAP_INFO_TABLES).await?;
        if let Some(table) = found.as_deref().and_then(MapInfoTable::parse) {
            image.attach_map_info(table);
        }
    }
    if image.georeference.transform.is_none() {
        let found = beside.text(&WORLD_FILES).await?;
        if let Some(map) = found.as_deref().and_then(world_file) {
            image.attach_world_file(map);
        }
    }
    if let Some(found) = beside.text(&[Ending::Added(".aux.xml")]).await?
        && let Some(pam) = Pam::parse(&found)
    {
        image.attach_pam(&pam);
    }
    if image.georeference.rpc.is_none() {
        let found = beside.text(&RATIONAL_POLYNOMIALS).await?;
        image.georeference.rpc = found.as_deref().and_then(rpc_of_text);
    }
    Ok(())
}

/// How the name of a file beside another is made.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// Put behind the name.
    Added(&'static str),
    /// Put in the place of the name's own ending.
    Instead(&'static str),
}

/// The names are tried in turn; a file system may mind the case of letters.
const MAP_INFO_TABLES: [Ending; 2] = [Ending::Instead(".tab"), Ending::Instead(".TAB")];
const WORLD_FILES: [Ending; 5] = [
    Ending::Instead(".tfw"),
    Ending::Instead(".TFW"),
    Ending::Added("w"),
    Ending::Instead(".wld"),
    Ending::Instead(".WLD"),
];
const RATIONAL_POLYNOMIALS: [Ending; 5] = [
    Ending::Instead(".RPB"),
    Ending::Instead(".rpb"),
    Ending::Instead("_RPC.TXT"),
    Ending::Instead("_rpc.txt"),
    Ending::Instead("_RPC.txt"),
];

impl Ending {
    fn of(self, address: &str) -> String {
        match self {
            Self::Added(ending) => format!("{address}{ending}"),
            Self::Instead(ending) => {
                let name = address.rfind('/').map_or(0, |at| at.saturating_add(1));
                let stem = match address.rfind('.') {
                    Some(dot) if dot > name => address.get(..dot).unwrap_or(address),
                    _ => address,
                };
                format!("{stem}{ending}")
            }
        }
    }
}

/// What looks beside a file.
struct Beside<'a> {
    opener: &'a dyn AssetOpener,
    address: &'a str,
    limits: &'a Limits,
    in_doubt: Vec<String>,
}

impl Beside<'_> {
    /// The text of the first of the files that is there.
    async fn text(&mut self, endings: &[Ending]) -> Result<Option<String>, ChipError> {
        for ending in endings {
            let name = ending.of(self.address);
            let opened = self.opener.open(&name).await;
            let Some(reader) = self.if_there(&name, opened)? else {
                continue;
            };
            // Texts of this kind are shorter; of a longer one the beginning is looked at.
            let range = 0..self.limits.tag_bytes;
            let answers = reader.read(std::slice::from_ref(&range)).await;
            if let Some(answers) = self.if_there(&name, answers)? {
                return Ok(answers.first().map(words));
            }
        }
        Ok(None)
    }

    /// The header of the file whose name has `ending` behind it, and what reads it; nothing where
    /// there is none.
    async fn raster(
        &mut self,
        ending: &str,
    ) -> Result<Option<(Cog, Arc<dyn RangeReader>)>, ChipError> {
        let name = format!("{}{ending}", self.address);
        let opened = self.opener.open(&name).await;
        let Some(reader) = self.if_there(&name, opened)? else {
            return Ok(None);
        };
        let read = match open(reader.as_ref(), self.limits).await {
            Ok(cog) => Ok(cog),
            Err(OpenError::Read(error)) => Err(error),
            Err(error) => return Err(error.into()),
        };
        Ok(self.if_there(&name, read)?.map(|cog| (cog, reader)))
    }

    /// What was `read` of the file `name`; nothing where it is not there, or its store does not say
    /// whether it is: the raster itself could be read, so that it is not the credentials. What is there
    /// and may not be read is an error: with a mask passed over, pixels that are none would count.
    fn if_there<T>(
        &mut self,
        name: &str,
        read: Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.kind == ReadErrorKind::NotFound => Ok(None),
            // A folder of that name is no such file.
            Err(error) if error.kind == ReadErrorKind::Unsupported && is_local(name) => Ok(None),
            Err(error) if error.kind == ReadErrorKind::Denied && error.may_be_missing => {
                self.in_doubt.push(name.to_owned());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Bytes as text: UTF-8, else ISO 8859-1.
fn words(bytes: &Bytes) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}

fn is_local(address: &str) -> bool {
    address.starts_with("file:") || !address.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_beside() {
        for (address, ending, name) in [
            ("a/b.tif", Ending::Instead(".tfw"), "a/b.tfw"),
            ("a.b/c", Ending::Instead(".tfw"), "a.b/c.tfw"),
            ("b.x.tif", Ending::Instead("_RPC.TXT"), "b.x_RPC.TXT"),
            ("a/b.tif", Ending::Added(".aux.xml"), "a/b.tif.aux.xml"),
            ("a/.tif", Ending::Instead(".wld"), "a/.tif.wld"),
        ] {
            assert_eq!(ending.of(address), name);
        }
        assert!(is_local("/a/b.tif") && is_local("file:///a") && !is_local("s3://a/b"));
    }
}
