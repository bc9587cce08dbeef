//! A small CRM and a small billing API with known discrepancies.
