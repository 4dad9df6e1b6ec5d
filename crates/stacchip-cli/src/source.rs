//! What an address leads to: a raster, an item, or an index.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use stacchip::model::Scene;

use crate::{
    failure::{Failure, chain},
    inputs::absolute,
    wiring::{World, items},
};

/// What an address leads to.
#[derive(Debug)]
pub enum Source {
    /// A raster, at this address.
    Raster(String),
    /// Items: where they are, and their text.
    Item(String, Bytes),
    /// An index: a file, or a folder of them.
    Index(PathBuf),
}

impl Source {
    /// Looks at `address`: at its first bytes, where its ending does not tell.
    ///
    /// # Errors
    /// A failure where nothing can be read there, or it is none of them.
    pub async fn of(address: &str, world: &World) -> Result<Self, Failure> {
        let path = Path::new(address);
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if ending == "parquet" || path.is_dir() {
            if address.contains("://") {
                return Err(Failure::failed(format!(
                    "{address}: indexes are read from local files only, so far"
                )));
            }
            if !path.exists() {
                return Err(Failure::failed(format!("{address}: not found")));
            }
            return Ok(Self::Index(path.to_owned()));
        }
        let whole = absolute(address)?;
        let opener = world.opener();
        let failed = |e| Failure::failed(chain(&e));
        let reader = opener.open(&whole).await.map_err(failed)?;
        let head = reader
            .read(std::slice::from_ref(&(0..HEAD)))
            .await
            .map_err(failed)?;
        let head = head.first().map(AsRef::as_ref).unwrap_or_default();
        match kind(head) {
            Some(Kind::Raster) => Ok(Self::Raster(whole)),
            Some(Kind::Json) => {
                let text = world.read_all(&whole).await?;
                Ok(Self::Item(whole, text))
            }
            Some(Kind::Table) => Ok(Self::Index(path.to_owned())),
            None if ["json", "geojson"].contains(&ending.as_str()) => {
                Err(Failure::failed(format!("{address} is no JSON")))
            }
            None => Err(Failure::failed(format!(
                "{address} is neither a TIFF nor a STAC item nor an index{}",
                if head.is_empty() { ": it is empty" } else { "" }
            ))),
        }
    }
}

/// The one item in `text`.
///
/// # Errors
/// A failure where it holds none or several.
pub fn only_item(text: &[u8], address: Option<&str>) -> Result<Scene, Failure> {
    let mut items = items(text, address).map_err(Failure::failed)?.into_iter();
    let name = address.unwrap_or("the text");
    match (items.next(), items.next()) {
        (Some(Ok(document)), None) => Ok(document.scene),
        (Some(Err(error)), None) => Err(Failure::failed(chain(&error))),
        (Some(_), Some(_)) => Err(Failure::failed(format!(
            "{name} holds several items: index them, and choose chips of the index"
        ))),
        (None, _) => Err(Failure::failed(format!("{name} holds no item"))),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Raster,
    Json,
    Table,
}

fn kind(head: &[u8]) -> Option<Kind> {
    let magic = head.get(..4).unwrap_or(head);
    match magic {
        // TIFF 6.0, section 2; BigTIFF has 43 in place of 42.
        b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+" => Some(Kind::Raster),
        b"PAR1" => Some(Kind::Table),
        _ => {
            let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
            let first = text.iter().find(|b| !b.is_ascii_whitespace())?;
            matches!(first, b'{' | b'[').then_some(Kind::Json)
        }
    }
}

/// Bytes looked at.
const HEAD: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell() {
        assert_eq!(kind(b"II*\0\x08\0\0\0"), Some(Kind::Raster));
        assert_eq!(kind(b"MM\0+\0\x08\0\0"), Some(Kind::Raster));
        assert_eq!(kind(b"\xef\xbb\xbf \n{}"), Some(Kind::Json));
        assert_eq!(kind(b"PAR1xxxx"), Some(Kind::Table));
        assert_eq!(kind(b"\x89PNG"), None);
        assert_eq!(kind(b""), None);
    }
}
