//! Tests of `reconcile`.
