-- All versions of the records that have several.
select source, id, extracted_at, run_id, updated_at, deleted
from {entity}_versions
where {known_by} and is_repeated(source, id)
