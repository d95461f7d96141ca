//! The second factor: time-based codes (RFC 6238) and recovery codes.

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::clock::At;
use crate::id::{IdSource, random};

/// How many recovery codes a person gets.
const RECOVERY_CODES: usize = 10;
/// Letters and digits that are not taken for each other: 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The secret of a second factor, as authenticator apps know it: SHA-1, six digits, 30 seconds, the
/// only kind that all of them take. No `Debug`.
pub struct Secret(Totp);

impl Secret {
    /// A new secret, as it is kept: 160 random bits (RFC 4226 section 4, R6).
    #[must_use]
    pub fn new_bytes(ids: &dyn IdSource) -> Zeroizing<[u8; 20]> {
        Zeroizing::new(random(ids))
    }

    /// A secret for the account of a login, at a line.
    #[must_use]
    pub fn new(bytes: &[u8], line: &str, login: &str) -> Self {
        // The label of an account has one colon, between the line and the login.
        let plain = |words: &str| words.replace(':', " ");
        let totp = Builder::new()
            .with_secret(bytes.to_vec())
            .with_skew(1)
            .with_issuer(Some(plain(line)))
            .with_account_name(plain(login));
        Self(totp.build_noncompliant())
    }

    /// The time step that a code belongs to: this one, the one before or the one after. Whoever takes
    /// the code has to see that no step is used twice.
    #[must_use]
    pub fn step_of(&self, code: &str, now: At) -> Option<i64> {
        let seconds = u64::try_from(now.0 / 1000).ok()?;
        let step = self.0.check(&normal(code), seconds)?;
        i64::try_from(step).ok()
    }

    /// The code of a moment.
    #[must_use]
    pub fn code(&self, now: At) -> String {
        let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
        self.0.generate(seconds).to_string()
    }

    /// The secret to type into an app, in groups of four.
    #[must_use]
    pub fn spelled(&self) -> String {
        grouped(&self.0.secret().to_base32())
    }

    /// The address that an app reads from the picture: `otpauth://totp/…`.
    #[must_use]
    pub fn address(&self) -> String {
        // It fails without an account name only: then the person types the secret.
        self.0.to_url().unwrap_or_default()
    }
}

/// New recovery codes as they are shown: 120 random bits each. From 112 on a plain hash of them is enough (OWASP
/// ASVS 5, 6.5.2): nobody guesses them, however fast.
#[must_use]
pub fn recovery_codes(ids: &dyn IdSource) -> Vec<String> {
    let code = || {
        let letters = random::<24>(ids).map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
        grouped(&letters.iter().collect::<String>())
    };
    std::iter::repeat_with(code).take(RECOVERY_CODES).collect()
}

/// A code as it was meant, whatever stands between its letters.
#[must_use]
pub fn normal(code: &str) -> String {
    let plain = code.chars().filter(char::is_ascii_alphanumeric);
    plain.map(|c| c.to_ascii_lowercase()).collect()
}

fn grouped(letters: &str) -> String {
    let groups = letters.as_bytes().chunks(4);
    let groups = groups.map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SeededIds;

    const RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, SHA-1, the last six digits.
        let secret = Secret::new(RFC, "Line", "first@example.org");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(At(seconds * 1000)), code);
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_and_one_step_late() {
        let secret = Secret::new(RFC, "Line", "first@example.org");
        let now = At(1_111_111_109_000);
        let step = 1_111_111_109 / 30;
        for (steps, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = secret.code(At(now.0 + steps * 30_000));
            let expected = taken.then_some(step + steps);
            assert_eq!(secret.step_of(&code, now), expected, "{steps} steps off");
        }
        assert_eq!(
            secret.step_of("081 804", now),
            Some(step),
            "as apps show it"
        );
        for wrong in [
            "",
            "08180",
            "0818044",
            "081805",
            "٠٨١٨٠٤",
            "-81804",
            "+81804",
        ] {
            assert_eq!(secret.step_of(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_line_and_account() {
        let address = Secret::new(RFC, "A: Line", "first@example.org").address();
        assert!(address.starts_with("otpauth://totp/"), "{address}");
        assert!(address.contains("issuer=A%20%20Line"), "{address}");
        assert!(
            address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{address}"
        );
    }

    #[test]
    fn recovery_codes_differ_and_are_known_however_they_are_typed() {
        let codes = recovery_codes(&SeededIds::new(1));
        let all: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!((codes.len(), all.len()), (10, 10));
        let code = &codes[0];
        assert_eq!(code.len(), 29, "{code}");
        assert_eq!(normal(&code.to_uppercase().replace('-', " ")), normal(code));
    }
}
