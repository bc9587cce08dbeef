//! Tests of `landing`.
