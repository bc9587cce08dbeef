-- Whatever would still hold at or after an instant, and may therefore have to be closed.
select
    source, source_id, golden_id, valid_from, valid_to, decided_by, rule, score
from crosswalk
where valid_to is null or valid_to > $1
order by source, source_id, membership_id
