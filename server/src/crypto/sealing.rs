//! Authenticated encryption of one blob under one key: ChaCha20-Poly1305 with a random nonce in front.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::{Zeroize, Zeroizing};

use super::random::random_bytes;

pub(super) const KEY_LEN: usize = 32;

/// The blob does not open: another key, another context, or it was changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsealable;

/// A key that seals and opens. Random nonces are safe for 2^32 blobs per key.
pub(super) struct SealingKey(LessSafeKey);

impl SealingKey {
    pub(super) fn new(bytes: &[u8; KEY_LEN]) -> Result<Self, Unsealable> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes).map_err(|_| Unsealable)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Appends nonce, ciphertext and tag to `blob`.
    pub(super) fn seal(
        &self,
        context: &[u8],
        plaintext: &[u8],
        blob: &mut Vec<u8>,
    ) -> Result<(), Unsealable> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut buffer = Zeroizing::new(Vec::with_capacity(plaintext.len() + CHACHA20_POLY1305.tag_len()));
        buffer.extend_from_slice(plaintext);
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut *buffer)
            .map_err(|_| Unsealable)?;
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&buffer);
        Ok(())
    }

    /// Opens what [`SealingKey::seal`] appended.
    pub(super) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unsealable)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length =
            self.0.open_in_place(nonce, Aad::from(context), &mut buffer).map_err(|_| Unsealable)?.len();
        buffer.get_mut(length..).unwrap_or_default().zeroize();
        buffer.truncate(length);
        Ok(buffer)
    }
}
