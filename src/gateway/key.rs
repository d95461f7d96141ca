//! The key of a send: what a gateway that takes a repeated send once knows a repetition by. Part of
//! `gateway`: floor 2.

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// The key that an outbox row is sent under. Its tries share one, until one of them is known not to have
/// arrived (`undelivered`, the gateway's id of it): under that one's key, its gateway would only say again
/// that it took it, and send nothing.
#[must_use]
pub fn send_key(outbox_id: Uuid, undelivered: Option<&str>) -> Uuid {
    let Some(undelivered) = undelivered else {
        return outbox_id;
    };
    let digest = Sha256::new()
        .chain_update(outbox_id)
        .chain_update(undelivered)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_share_a_key_until_one_is_known_not_to_have_arrived() {
        let (row, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(send_key(row, None), row);
        let after = send_key(row, Some("m1"));
        assert_eq!(after, send_key(row, Some("m1")));
        for key in [row, send_key(row, Some("m2")), send_key(other, Some("m1"))] {
            assert_ne!(after, key);
        }
    }
}
