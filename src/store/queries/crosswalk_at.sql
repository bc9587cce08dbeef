-- An interval is half-open: a membership holds from `valid_from` until before `valid_to`.
select
    source, source_id, golden_id, valid_from, valid_to, decided_by, rule, score
from crosswalk
where valid_from <= $1 and (valid_to is null or valid_to > $1)
order by source, source_id, membership_id
