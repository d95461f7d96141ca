//! The address of a person's calendar: made, made anew, and taken back.

use std::sync::Arc;

use serde_json::json;

use super::Rota;
use crate::credential::Token;
use crate::store::{Account, StoreError};

impl Rota {
    /// Makes an address for a person's own calendar, and returns its token, which is shown once. An
    /// earlier address stops working.
    ///
    /// # Errors
    /// [`StoreError`]: an earlier address still works.
    pub async fn renew_feed(&self, by: &Account) -> Result<String, StoreError> {
        let token = Token::new(&*self.ids);
        self.set_feed(by, Some(token.hash), "feed.renewed").await?;
        Ok(token.shown)
    }

    /// Takes the address of a person's own calendar back: it stops working.
    ///
    /// # Errors
    /// [`StoreError`]: it still works.
    pub async fn revoke_feed(&self, by: &Account) -> Result<(), StoreError> {
        self.set_feed(by, None, "feed.revoked").await
    }

    async fn set_feed(
        &self,
        by: &Account,
        hash: Option<Vec<u8>>,
        action: &'static str,
    ) -> Result<(), StoreError> {
        let (now, work) = (self.clock.now(), Arc::new((by.clone(), hash)));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (by, hash) = &*work;
                tx.set_feed(by.id, hash.as_deref()).await?;
                tx.audit(now, &by.login, action, Some(by.id), &json!({}))
                    .await
            })
        });
        unit.await
    }
}
