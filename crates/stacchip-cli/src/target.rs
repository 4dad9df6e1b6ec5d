//! Where a result goes: a file here, or an object behind an address, which is written here first.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{
    afar::{Afar, is_afar, is_http, unwritten},
    failure::Failure,
    tables::{local, spelt},
    wiring::{Replaces, World},
};

/// A file that is to stand somewhere.
#[derive(Debug)]
pub struct Target<'a> {
    path: PathBuf,
    overwrite: bool,
    afar: Option<(String, &'a Afar, TempDir)>,
}

impl<'a> Target<'a> {
    /// The file at `address`; what stands there is replaced only with `overwrite`.
    ///
    /// # Errors
    /// A failure where nothing is written to such addresses, or, before any work is done, where something stands there.
    pub fn of(address: &str, overwrite: bool, world: &'a World) -> Result<Self, Failure> {
        if !is_afar(address) {
            return Ok(Self {
                path: local(address).into(),
                overwrite,
                afar: None,
            });
        }
        writable(address)?;
        let (afar, address) = (world.afar()?, spelt(address));
        // The check at the end is the one that counts; this one saves the work.
        if !overwrite && afar.standing(&address)?.is_some() {
            return Err(exists(&address));
        }
        let folder = staging(&address)?;
        let path = folder.path().join("result.parquet");
        Ok(Self {
            path,
            overwrite,
            afar: Some((address, afar, folder)),
        })
    }

    /// The file of this machine that it is written to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is to stand: a path, or an address.
    pub fn place(&self) -> &Path {
        match &self.afar {
            Some((address, ..)) => Path::new(address),
            None => &self.path,
        }
    }

    /// Whether what stands at the path may be replaced.
    pub const fn overwrite(&self) -> bool {
        self.overwrite
    }

    /// Stores what was written, where that is elsewhere.
    ///
    /// # Errors
    /// A failure where it cannot be stored, or another was faster.
    pub fn store(self) -> Result<(), Failure> {
        let Some((address, afar, _folder)) = &self.afar else {
            return Ok(());
        };
        let replaces = replacing(self.overwrite);
        let stored = afar.put(address, &self.path, replaces);
        stored.map_err(|e| unwritten(&e))
    }
}

/// What a result may take the place of.
pub const fn replacing(overwrite: bool) -> Replaces<'static> {
    if overwrite {
        Replaces::Anything
    } else {
        Replaces::Nothing
    }
}

/// That something can be written to `address`.
///
/// # Errors
/// A failure that says what to do where not.
pub fn writable(address: &str) -> Result<(), Failure> {
    if is_http(address) {
        return Err(Failure::failed(format!(
            "{}: nothing is written over HTTP: give a folder or a bucket (s3://, gs://, az://)",
            crate::afar::without_query(address).0
        )));
    }
    Ok(())
}

/// That something stands at `address`.
pub fn exists(address: &str) -> Failure {
    Failure::failed(format!(
        "{address}: it exists already: say --overwrite to replace it"
    ))
}

/// A folder of this machine for what will stand at `address`; it goes when dropped.
///
/// # Errors
/// A failure where none can be made.
pub fn staging(address: &str) -> Result<TempDir, Failure> {
    let made = tempfile::Builder::new().prefix("stacchip-").tempdir();
    made.map_err(|e| Failure::of(format!("a folder to write {address} in first"), &e))
}
