//! Files of cubes, as they are read.

use std::{
    fs::{self, File},
    io::{self, Cursor, Write},
    path::PathBuf,
};

use bytes::Bytes;
use stacchip::cubes::{CubeSource, ReadSeek};
use tempfile::NamedTempFile;

use crate::{
    failure::{Failure, chain},
    wiring::World,
};

/// A file of cubes.
#[derive(Debug)]
pub enum CubeFile {
    /// On this machine.
    Here(PathBuf),
    /// From elsewhere, in memory.
    Held(Bytes),
    /// From elsewhere, too large for that: on disk as long as it is read.
    Fetched(NamedTempFile),
}

impl CubeFile {
    /// That at `address`; in memory where it is from elsewhere and has at most `most` bytes.
    ///
    /// # Errors
    /// A failure that names it.
    pub async fn of(address: &str, most: u64, world: &World) -> Result<Self, Failure> {
        if !address.contains("://") {
            let found = fs::metadata(address).map_err(|e| Failure::of(address, &e))?;
            return if found.is_file() {
                Ok(Self::Here(address.into()))
            } else {
                Err(Failure::failed(format!("{address} is no file")))
            };
        }
        match world.size_if_there(address).await {
            Ok(None) => Err(Failure::failed(format!("{address}: not found"))),
            Ok(Some(size)) if size > most.min(MOST_HELD) => {
                Self::fetch(address, size, world).await.map(Self::Fetched)
            }
            // Where nobody says how long it is, that is seen as it comes.
            _ => world.read_all(address).await.map(Self::Held),
        }
    }

    async fn fetch(address: &str, size: u64, world: &World) -> Result<NamedTempFile, Failure> {
        let failed = |e| Failure::failed(chain(&e));
        let kept = |e: io::Error| Failure::of(format!("{address}, while it is read"), &e);
        let reader = world.opener().open(address).await.map_err(failed)?;
        let mut file = NamedTempFile::new().map_err(kept)?;
        let mut from = 0;
        while from < size {
            let upto = size.min(from + PIECE);
            let pieces = reader.read(std::slice::from_ref(&(from..upto))).await;
            for piece in pieces.map_err(failed)? {
                if piece.len() as u64 != upto - from {
                    return Err(Failure::failed(format!("{address} has become shorter")));
                }
                file.write_all(&piece).map_err(kept)?;
            }
            from = upto;
        }
        Ok(file)
    }

    /// Bytes of memory that it takes.
    pub fn held(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            _ => 0,
        }
    }
}

impl CubeSource for CubeFile {
    fn open(&self) -> io::Result<Box<dyn ReadSeek + '_>> {
        Ok(match self {
            Self::Here(path) => Box::new(File::open(path)?),
            Self::Held(bytes) => Box::new(Cursor::new(bytes)),
            Self::Fetched(file) => Box::new(file.reopen()?),
        })
    }
}

/// Bytes fetched at once.
const PIECE: u64 = 8 << 20;
/// Most bytes of an object that are held.
const MOST_HELD: u64 = 1 << 30;
