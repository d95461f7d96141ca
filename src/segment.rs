//! Segments of a text.
