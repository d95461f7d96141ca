//! What no export holds: tables and columns, with why.

/// Tables that no export holds, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "audit_head",
        "the end of the audit log stands in the manifest",
    ),
    ("browsers", "secrets of sign-in"),
    ("erased_refs", "hashes alone, of what was erased"),
    ("heartbeats", "the state of running programs"),
    ("leases", "the state of running programs"),
    ("links", "secrets of sign-in"),
    ("presence", "the state of open pages, gone with them"),
    ("push_subscriptions", "secrets of browsers"),
    ("recovery_codes", "secrets of sign-in"),
    ("senders", "the state of running programs"),
    ("sessions", "secrets of sign-in"),
    (
        "settings",
        "what keys are checked by, and the state of running programs",
    ),
    (
        "stopped_numbers",
        "hashes alone: a number is found in it, and none can be read from it",
    ),
    ("tries", "hashes alone, of who tried to sign in"),
];

/// Columns that no export holds: keys, hashes of secrets, and what finds a number.
pub const SECRET: &[(&str, &str)] = &[
    ("texters", "number_index"),
    ("texters", "wrapped_key"),
    ("texters", "seed_left"),
    ("messages", "form_id"),
    ("pages", "secret_sealed"),
    ("quarantine", "number_index"),
    ("staff", "password_hash"),
    ("staff", "feed_hash"),
    ("staff", "totp_sealed"),
    ("staff", "totp_step"),
    ("staff", "totp_next_sealed"),
    ("contact_methods", "address_index"),
    ("contact_methods", "secret_sealed"),
    ("contact_methods", "code_hash"),
    ("contact_methods", "code_sent_at"),
    ("contact_methods", "code_tries"),
];
