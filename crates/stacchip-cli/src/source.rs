//! What an address leads to: a raster, an item, or an index.

use std::path::Path;

use bytes::Bytes;
use stacchip::{cog::ReadErrorKind, model::Scene};

use crate::{
    afar::{is_afar, is_in_bucket, without_query},
    failure::{Failure, chain},
    inputs::absolute,
    tables::is_table,
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
    Index(String),
}

impl Source {
    /// Looks at `address`: at its first bytes, where its ending does not tell.
    ///
    /// # Errors
    /// A failure where nothing can be read there, or it is none of them.
    pub async fn of(address: &str, world: &World) -> Result<Self, Failure> {
        let ending = Path::new(without_query(address).0)
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_folder = if is_afar(address) {
            address.ends_with('/')
        } else {
            Path::new(address).is_dir()
        };
        if is_table(address) || is_folder {
            if !is_afar(address) && !Path::new(address).exists() {
                return Err(Failure::failed(format!("{address}: not found")));
            }
            return Ok(Self::Index(address.to_owned()));
        }
        let whole = absolute(address)?;
        let opener = world.opener();
        let failed = |e| Failure::failed(chain(&e));
        let head = async {
            let reader = opener.open(&whole).await?;
            reader.read(std::slice::from_ref(&(0..HEAD))).await
        };
        let head = match head.await {
            Ok(head) => head,
            // Where nothing stands, a folder may be.
            Err(error)
                if error.kind == ReadErrorKind::NotFound
                    && is_in_bucket(&whole)
                    && !world.afar()?.list(&whole)?.is_empty() =>
            {
                return Ok(Self::Index(whole));
            }
            Err(error) => return Err(failed(error)),
        };
        let head = head.first().map(AsRef::as_ref).unwrap_or_default();
        match kind(head) {
            Some(Kind::Raster) => Ok(Self::Raster(whole)),
            Some(Kind::Json) => {
                let text = world.read_all(&whole).await?;
                Ok(Self::Item(whole, text))
            }
            Some(Kind::Table) => Ok(Self::Index(address.to_owned())),
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
