//! Tables that are written here before they are stored behind an address, with what stands beside them.

use std::path::Path;

use stacchip::{WriteError, WriteErrorKind};
use tempfile::TempDir;

use crate::{
    afar::Afar,
    beside::Beside,
    failure::Failure,
    index_files::create,
    target::{replacing, staging},
    wiring::{IndexFile, Replaces},
};

/// A table, its items and their headers: files of this machine as yet.
#[derive(Debug)]
pub struct StagedTables {
    folder: TempDir,
    address: String,
    /// Nothing stands beside upstream's.
    beside: Option<Beside>,
    overwrite: bool,
}

/// What is done with items that stand where no table does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// They are another's, or nobody's: who knows.
    AreKept,
    /// They were left by a run that was killed.
    AreReplaced,
}

impl StagedTables {
    /// What will stand at `address`.
    ///
    /// # Errors
    /// A failure where there is no room for it here.
    pub fn new(address: String, beside: Option<Beside>, overwrite: bool) -> Result<Self, Failure> {
        Ok(Self {
            folder: staging(&address)?,
            address,
            beside,
            overwrite,
        })
    }

    /// An index in the files.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn create(&self, headers: bool) -> Result<IndexFile, String> {
        let table = self.table();
        create(Path::new(&table), &Beside::of_table(&table), false, headers)
    }

    /// The file of the table.
    pub fn table(&self) -> String {
        let path = self.folder.path().join("table.parquet");
        path.to_string_lossy().into_owned()
    }

    /// The files of what is to stand beside it.
    pub fn beside_here(&self) -> Option<Beside> {
        let here = Beside::of_table(&self.table());
        self.beside.is_some().then_some(here)
    }

    /// Stores all of it: the items, their headers, and last the table, so that it never stands beside another's
    /// items.
    ///
    /// # Errors
    /// [`WriteError`] where something cannot be stored, or stands there and may not be replaced.
    pub async fn store(self, afar: &Afar, orphans: Orphans) -> Result<(), WriteError> {
        let replaces = replacing(self.overwrite);
        if self.overwrite {
            afar.gone(&self.address).await?;
        }
        if let (Some(beside), Some(here)) = (&self.beside, self.beside_here()) {
            let items = Path::new(&here.items);
            match afar.store(&beside.items, items, replaces).await {
                Err(error)
                    if error.kind == WriteErrorKind::Exists && orphans == Orphans::AreReplaced =>
                {
                    if afar.may_be_there(&self.address).await {
                        return Err(WriteError::new(WriteErrorKind::Exists, &self.address));
                    }
                    let anything = Replaces::Anything;
                    afar.store(&beside.items, items, anything).await?;
                }
                stored => stored?,
            }
            let headers = Path::new(&here.headers);
            if headers.is_file() {
                let anything = Replaces::Anything;
                afar.store(&beside.headers, headers, anything).await?;
            } else if self.overwrite {
                afar.gone(&beside.headers).await?;
            }
        }
        let table = self.table();
        afar.store(&self.address, Path::new(&table), replaces).await
    }
}
