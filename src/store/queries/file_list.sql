-- What was known at an instant is what was extracted by then; of a merged file it may be a part.
select
    path, pull_id, source, entity, period, quarantine, size_bytes, digest, totals, extracted_at,
    first_extracted_at, key_id
from files
where quarantine = $1
    and (cast($2 as text) is null or entity = $2)
    and (cast($3 as text) is null or source = $3)
    and (cast($4 as text) is null or coalesce(first_extracted_at, extracted_at) <= $4)
order by extracted_at, path
