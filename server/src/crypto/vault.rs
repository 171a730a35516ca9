//! Seals what the database keeps secret. A blob names its data key and is bound to its purpose, so it
//! opens nowhere else; the newest key seals, all open, so keys can change while the server runs.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::master_key::MasterKey;
use super::random::random_bytes;
use super::sealing::{KEY_LEN, SealingKey};

/// The first byte of every blob, so that the format can change.
const VERSION: u8 = 1;

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("there is no data key to seal with")]
    NoDataKey,
    #[error("data key {0} does not open with this master key; put back the key file that sealed it")]
    WrongMasterKey(i32),
    #[error("this secret was sealed with data key {0}, which is not loaded")]
    UnknownDataKey(i32),
    #[error("this secret was changed, or belongs to something else")]
    Unopenable,
    #[error("this secret is too large to be sealed")]
    TooLarge,
}

/// The opened data keys.
pub struct Vault {
    keys: BTreeMap<i32, SealingKey>,
}

impl Vault {
    /// Opens the stored data keys, pairs of id and sealed key.
    pub fn from_sealed(master: &MasterKey, sealed: Vec<(i32, Vec<u8>)>) -> Result<Self, VaultError> {
        let mut keys = BTreeMap::new();
        for (id, sealed) in sealed {
            let bytes = open_data_key(master, id, &sealed)?;
            let key = SealingKey::new(&bytes).map_err(|_| VaultError::WrongMasterKey(id))?;
            keys.insert(id, key);
        }
        Ok(Self { keys })
    }

    /// Makes a data key and seals it for storage under `id`.
    pub fn new_data_key(master: &MasterKey, id: i32) -> Result<Vec<u8>, VaultError> {
        seal_data_key(master, id, &Zeroizing::new(random_bytes()))
    }

    /// Moves a stored data key from one master key to another; what it sealed stays as it is.
    pub fn rewrap(old: &MasterKey, new: &MasterKey, id: i32, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal_data_key(new, id, &*open_data_key(old, id, sealed)?)
    }

    /// Seals `plaintext`. `purpose` says what it is and whose, as `organization.api_key:<id>`; the same
    /// text opens it again.
    pub fn seal(&self, purpose: &str, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (&id, key) = self.keys.last_key_value().ok_or(VaultError::NoDataKey)?;
        let mut blob = vec![VERSION];
        blob.extend_from_slice(&id.to_be_bytes());
        key.seal(&context(id, purpose), plaintext, &mut blob).map_err(|_| VaultError::TooLarge)?;
        Ok(blob)
    }

    /// Opens a blob that was sealed for the same purpose.
    pub fn open(&self, purpose: &str, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (id, sealed) = split(blob)?;
        let key = self.keys.get(&id).ok_or(VaultError::UnknownDataKey(id))?;
        key.open(&context(id, purpose), sealed).map_err(|_| VaultError::Unopenable)
    }

    /// The data key that seals now; blobs of another may be sealed again.
    pub fn newest_key(&self) -> Option<i32> {
        self.keys.last_key_value().map(|(&id, _)| id)
    }

    /// The data key that a blob needs.
    pub fn key_of(blob: &[u8]) -> Result<i32, VaultError> {
        split(blob).map(|(id, _)| id)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys.keys()).finish()
    }
}

fn split(blob: &[u8]) -> Result<(i32, &[u8]), VaultError> {
    let Some((&VERSION, rest)) = blob.split_first() else { return Err(VaultError::Unopenable) };
    let (id, sealed) = rest.split_first_chunk().ok_or(VaultError::Unopenable)?;
    Ok((i32::from_be_bytes(*id), sealed))
}

/// The id has a fixed length, so no two pairs read alike.
fn context(id: i32, purpose: &str) -> Vec<u8> {
    [b"adit secret".as_slice(), &id.to_be_bytes(), purpose.as_bytes()].concat()
}

fn data_key_context(id: i32) -> Vec<u8> {
    [b"adit data key".as_slice(), &id.to_be_bytes()].concat()
}

fn seal_data_key(master: &MasterKey, id: i32, key: &[u8; KEY_LEN]) -> Result<Vec<u8>, VaultError> {
    let mut blob = vec![VERSION];
    let master = master.sealing_key().map_err(|_| VaultError::WrongMasterKey(id))?;
    master.seal(&data_key_context(id), key, &mut blob).map_err(|_| VaultError::TooLarge)?;
    Ok(blob)
}

fn open_data_key(master: &MasterKey, id: i32, sealed: &[u8]) -> Result<Zeroizing<[u8; KEY_LEN]>, VaultError> {
    let wrong = || VaultError::WrongMasterKey(id);
    let Some((&VERSION, sealed)) = sealed.split_first() else { return Err(wrong()) };
    let master = master.sealing_key().map_err(|_| wrong())?;
    let bytes = master.open(&data_key_context(id), sealed).map_err(|_| wrong())?;
    let bytes = <&[u8; KEY_LEN]>::try_from(bytes.as_slice()).map_err(|_| wrong())?;
    Ok(Zeroizing::new(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(master: &MasterKey, ids: &[i32]) -> Vault {
        let sealed = ids.iter().map(|&id| (id, Vault::new_data_key(master, id).unwrap()));
        Vault::from_sealed(master, sealed.collect()).unwrap()
    }

    #[test]
    fn a_secret_opens_for_its_purpose_only() {
        let vault = vault(&MasterKey::generate(), &[1]);
        let blob = vault.seal("organization.api_key:7", b"key").unwrap();
        assert_eq!(vault.open("organization.api_key:7", &blob).unwrap().as_slice(), b"key");
        assert_eq!(vault.open("organization.api_key:8", &blob), Err(VaultError::Unopenable));
    }

    #[test]
    fn a_changed_blob_does_not_open() {
        let vault = vault(&MasterKey::generate(), &[1]);
        let blob = vault.seal("p", b"key").unwrap();
        for at in 0..blob.len() {
            let mut changed = blob.clone();
            changed[at] ^= 1;
            assert!(vault.open("p", &changed).is_err(), "byte {at}");
        }
        for length in 0..blob.len() {
            assert!(vault.open("p", &blob[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn the_newest_key_seals_and_the_older_ones_still_open() {
        let master = MasterKey::generate();
        let first = Vault::new_data_key(&master, 1).unwrap();
        let old = Vault::from_sealed(&master, vec![(1, first.clone())]).unwrap();
        let blob = old.seal("p", b"key").unwrap();
        let second = Vault::new_data_key(&master, 2).unwrap();
        let both = Vault::from_sealed(&master, vec![(2, second), (1, first)]).unwrap();
        assert_eq!(both.open("p", &blob).unwrap().as_slice(), b"key");
        let newer = both.seal("p", b"key").unwrap();
        assert_eq!((Vault::key_of(&blob), Vault::key_of(&newer)), (Ok(1), Ok(2)));
        assert_eq!(old.open("p", &newer), Err(VaultError::UnknownDataKey(2)));
    }

    #[test]
    fn another_master_key_is_noticed_and_rewrapping_changes_over() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let sealed = Vault::new_data_key(&old, 1).unwrap();
        let blob = Vault::from_sealed(&old, vec![(1, sealed.clone())]).unwrap().seal("p", b"key").unwrap();
        let refused = Vault::from_sealed(&new, vec![(1, sealed.clone())]);
        assert_eq!(refused.err(), Some(VaultError::WrongMasterKey(1)));
        let moved = Vault::rewrap(&old, &new, 1, &sealed).unwrap();
        let vault = Vault::from_sealed(&new, vec![(1, moved.clone())]).unwrap();
        assert_eq!(vault.open("p", &blob).unwrap().as_slice(), b"key");
        assert!(Vault::from_sealed(&new, vec![(2, moved)]).is_err(), "a key is bound to its id");
    }

    #[test]
    fn an_empty_vault_seals_nothing() {
        assert_eq!(vault(&MasterKey::generate(), &[]).seal("p", b""), Err(VaultError::NoDataKey));
    }
}
