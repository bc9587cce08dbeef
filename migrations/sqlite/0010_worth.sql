-- What items and their units were worth at each event, so that figures of the past can be told as
-- they were known then. Rows of before have none: what they are worth is told from the item itself.
alter table discrepancies add column unit_worth text;
alter table discrepancy_events add column worth text;
-- The units of standing items that a reconcile could not decide.
alter table reconciliations add column undecided_units text;
