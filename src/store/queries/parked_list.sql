-- The next one to be asked again first.
select source, until, reason, noted_at from parked_sources order by until, source
