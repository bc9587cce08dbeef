//! Tests of `scheduler`.
