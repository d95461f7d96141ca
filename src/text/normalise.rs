//! The normal form of a text for matching.
