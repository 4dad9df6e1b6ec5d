//! Addresses of HTTP that lead into stores, and are refused as they are.
//!
//! What stands in an item as `https://` may be open to everybody, or not: it is asked for as it is,
//! and signed only once the store has refused it, by whoever can: the credentials of the settings,
//! or the tokens that the Planetary Computer gives for Azure. What was found out is remembered for
//! the bucket.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use async_trait::async_trait;
use stacchip::address::{Address, InStore};
use stacchip_cog::{ReadError, ReadErrorKind};

use super::{
    attempt::Miss,
    fetch::{Ask, Fetch, Fetched},
    http::{HttpObject, Unserved},
    lane::{Lane, Lanes},
    sas::SasTokens,
    store::Place,
    stores::Stores,
    wire::Wire,
};

/// How objects of HTTP addresses that lead into stores are had.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) stores: Arc<Stores>,
    pub(super) tokens: SasTokens,
    pub(super) lanes: Arc<Lanes>,
    pub(super) wire: Wire,
    /// What was found out of buckets.
    ways: Mutex<HashMap<String, Way>>,
}

/// How the objects of a bucket are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    AsTheyAre,
    /// With a token for the container.
    Token,
    /// Through the store, with credentials.
    Credentials,
}

/// An object at an HTTP address that leads into a store.
#[derive(Debug)]
pub(super) struct SignedObject {
    http: HttpObject,
    inside: InStore,
    signing: Arc<Signing>,
    /// The way to the address's own host.
    lane: Arc<Lane>,
    place: RwLock<Option<Place>>,
}

impl Signing {
    pub(super) fn new(
        stores: Arc<Stores>,
        tokens: SasTokens,
        lanes: Arc<Lanes>,
        wire: Wire,
    ) -> Self {
        Self {
            stores,
            tokens,
            lanes,
            wire,
            ways: Mutex::default(),
        }
    }

    fn way(&self, inside: &InStore) -> Way {
        let ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.get(&bucket(&inside.address)) {
            return *way;
        }
        let s3 = matches!(inside.address, Address::S3 { .. });
        if s3 && self.stores.requester_pays() && self.may_sign(&inside.address) {
            // To whom pays it is open only when signed.
            return Way::Credentials;
        }
        Way::AsTheyAre
    }

    /// Whether the credentials of the settings are for the store that a web address leads into:
    /// whoever has named another has named another's.
    fn may_sign(&self, address: &Address) -> bool {
        self.stores.has_credentials(address) && !self.stores.has_endpoint(address)
    }

    fn remember(&self, inside: &InStore, way: Way) {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.len() >= REMEMBERED {
            ways.clear();
        }
        ways.insert(bucket(&inside.address), way);
    }
}

impl SignedObject {
    pub(super) fn new(
        http: HttpObject,
        inside: InStore,
        signing: Arc<Signing>,
        lane: Arc<Lane>,
    ) -> Self {
        Self {
            http,
            inside,
            signing,
            lane,
            place: RwLock::default(),
        }
    }

    async fn by(&self, way: Way, ask: Ask<'_>) -> Result<Fetched, Unserved> {
        match way {
            Way::AsTheyAre => self.http.get(None, ask).await,
            Way::Credentials => Ok(self.place().await?.fetch(ask).await?),
            Way::Token => {
                let token = self.signing.tokens.token(&self.inside.address, None).await;
                let token = token.map_err(|e| self.no_token(e))?;
                let got = self.http.get(Some(&token), ask).await;
                let refused = got.as_ref().err().and_then(|u| u.refusal.as_ref());
                if !refused.is_some_and(|r| matches!(r.status.as_u16(), 401 | 403)) {
                    return got;
                }
                // It may have been withdrawn, or the clocks differ: a new one, once.
                let stale = Some(token.as_str());
                let token = self.signing.tokens.token(&self.inside.address, stale).await;
                let token = token.map_err(|e| self.no_token(e))?;
                self.lane.once_more(self.http.address()).await?;
                self.http.get(Some(&token), ask).await
            }
        }
    }

    /// How it might be had, now that it was refused as it is.
    fn other_way(&self) -> Option<Way> {
        let address = &self.inside.address;
        if self.signing.may_sign(address) {
            return Some(Way::Credentials);
        }
        matches!(address, Address::Azure { .. }).then_some(Way::Token)
    }

    async fn place(&self) -> Result<Place, Miss> {
        let kept = self
            .place
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(place) = kept {
            return Ok(place);
        }
        let signing = &self.signing;
        let mut place = signing
            .stores
            .place(
                &self.inside.address,
                self.inside.region.as_deref(),
                &signing.wire,
                &signing.lanes,
            )
            .await?;
        // People know it by the address that the item gives.
        self.http.address().clone_into(&mut place.address);
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = Some(place.clone());
        Ok(place)
    }

    /// What the service of tokens says of itself is not said of the object, and the time it asks for
    /// is not its host's.
    fn no_token(&self, miss: Miss) -> Miss {
        let error = ReadError::new(miss.error.kind, self.http.address());
        Miss::new(error.because(miss.error), miss.again)
    }
}

#[async_trait]
impl Fetch for SignedObject {
    async fn fetch(&self, ask: Ask<'_>) -> Result<Fetched, Miss> {
        let way = self.signing.way(&self.inside);
        let unserved = match self.by(way, ask).await {
            Ok(fetched) => return Ok(fetched),
            Err(unserved) => unserved,
        };
        let wants = unserved
            .refusal
            .as_ref()
            .is_some_and(super::refusal::Refusal::may_want_credentials);
        let Some(other) = self.other_way().filter(|_| wants && way == Way::AsTheyAre) else {
            return Err(unserved.miss);
        };
        self.lane.once_more(self.http.address()).await?;
        match self.by(other, ask).await {
            Ok(fetched) => {
                self.signing.remember(&self.inside, other);
                Ok(fetched)
            }
            // Where no token helps, what the address itself was answered is what people can do
            // something about.
            Err(signed)
                if other == Way::Token && signed.miss.error.kind == ReadErrorKind::Denied =>
            {
                Err(unserved.miss)
            }
            Err(signed) => Err(signed.miss),
        }
    }

    fn address(&self) -> &str {
        self.http.address()
    }
}

fn bucket(address: &Address) -> String {
    match address {
        Address::S3 { bucket, .. } => format!("s3://{bucket}"),
        Address::Gs { bucket, .. } => format!("gs://{bucket}"),
        Address::Azure {
            account, container, ..
        } => format!(
            "az://{}/{container}",
            account.as_deref().unwrap_or_default()
        ),
        other => other.to_string(),
    }
}

/// Buckets remembered.
const REMEMBERED: usize = 1024;
