//! Remittance advice of X12: the payment order of transaction set 820.
//!
//! The first segment says by which characters the others are separated. Each transaction set is a
//! payment (BPR, TRN) with the documents that it pays (RMR) and what was taken off (ADX). Counts and
//! control numbers of sets, groups and interchanges must tie, or nothing of the file lands.
//!
//! The payment's id is the sender and the trace number (TRN02). Without a currency (CUR) the amounts
//! are in USD, since these messages travel through banks of the United States; where the receiver's
//! bank is Canadian (BPR12 is 04) the currency must be said. A debit flag (BPR03) takes money back,
//! and an ADX below zero, which lessens the payment, is a deduction above zero.

mod advice;
mod reader;
mod segment;

pub(super) use reader::X12Reader;
