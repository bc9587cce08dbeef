-- What could have been the other side of an item that has none, and why it was not taken.
alter table discrepancies add column candidates text;
