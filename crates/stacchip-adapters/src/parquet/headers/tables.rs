//! Several tables of headers as one store.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use stacchip_cog::{HeaderStore, HeaderStoreError, StoredHeader};

use super::ParquetHeaders;

/// The tables of headers beside an index, as they are come upon: the one added last is asked first.
#[derive(Debug, Default)]
pub struct HeaderTables {
    tables: RwLock<Vec<(String, Arc<ParquetHeaders>)>>,
}

impl HeaderTables {
    /// Whether the table at `address` is among them.
    pub fn has(&self, address: &str) -> bool {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.iter().any(|(known, _)| known == address)
    }

    /// Adds the table at `address`; of many the one added first is forgotten.
    pub fn add(&self, address: &str, table: ParquetHeaders) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if tables.len() >= MOST_TABLES {
            tables.remove(0);
        }
        tables.push((address.to_owned(), Arc::new(table)));
    }

    /// The tables, the last first; apart from the lock, since asking them waits.
    fn all(&self) -> Vec<Arc<ParquetHeaders>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.iter().rev().map(|(_, t)| Arc::clone(t)).collect()
    }
}

#[async_trait]
impl HeaderStore for HeaderTables {
    async fn load(
        &self,
        addresses: &[&str],
    ) -> Result<Vec<Option<StoredHeader>>, HeaderStoreError> {
        let mut found: Vec<Option<StoredHeader>> = vec![None; addresses.len()];
        for table in self.all() {
            let open: Vec<usize> = (0..found.len())
                .filter(|&i| found.get(i).is_some_and(Option::is_none))
                .collect();
            if open.is_empty() {
                break;
            }
            let wanted: Vec<&str> = open
                .iter()
                .filter_map(|&i| addresses.get(i).copied())
                .collect();
            for (i, header) in open.into_iter().zip(table.load(&wanted).await?) {
                if let Some(place) = found.get_mut(i) {
                    *place = header;
                }
            }
        }
        Ok(found)
    }

    async fn keep(&self, headers: &[StoredHeader]) -> Result<(), HeaderStoreError> {
        // Without a table there is nothing to keep them beside: they are read again.
        match self.all().first() {
            Some(table) => table.keep(headers).await,
            None => Ok(()),
        }
    }
}

/// Tables held: of a dataset with one an item, those of the items last come upon.
const MOST_TABLES: usize = 64;
