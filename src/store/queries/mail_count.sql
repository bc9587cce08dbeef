-- How much waits, and how much will never arrive.
select state, count(*) as mail_count from outbox group by state
