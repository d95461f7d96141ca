//! Whether a hook is trusted: which addresses may have been signed, and what is done with a hook whose
//! signature does not hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::gateway::{Gateway, RawRequest, SignaturePolicy, Verified, VerifyError};

/// The rules of one gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningRules {
    /// What is done with a hook whose signature does not hold.
    pub policy: SignaturePolicy,
    /// What may have been signed in the place of `public_url`.
    pub other_urls: Vec<String>,
}

/// The rules of all gateways, by name. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Signing(Arc<BTreeMap<String, SigningRules>>);

impl Signing {
    /// Takes the rules. A gateway without any has the strictest.
    #[must_use]
    pub fn new(rules: BTreeMap<String, SigningRules>) -> Self {
        Self(Arc::new(rules))
    }

    /// What is done with a hook of a gateway whose signature does not hold.
    pub(super) fn policy(&self, gateway: &str) -> SignaturePolicy {
        let rules = self.0.get(gateway);
        rules.map_or(SignaturePolicy::Enforce, |rules| rules.policy)
    }

    /// Checks the signature for every address that may have been signed. `path` holds path and query
    /// as received; the request has the first address.
    ///
    /// # Errors
    /// Why the first address is not the one that was signed.
    pub(super) fn verify(
        &self,
        gateway: &dyn Gateway,
        request: &RawRequest<'_>,
        path: &str,
    ) -> Result<Verified, VerifyError> {
        let first = gateway.verify(request);
        let others = self
            .0
            .get(gateway.name())
            .map_or(&[][..], |rules| &rules.other_urls);
        first.or_else(|why| {
            let signed = others.iter().find_map(|root| {
                let url = format!("{root}{path}");
                let request = RawRequest {
                    url: &url,
                    ..*request
                };
                gateway.verify(&request).ok()
            });
            signed.ok_or(why)
        })
    }
}
