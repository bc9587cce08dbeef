//! Tests of `collections`.
