-- What is known of the fields of a source's records.
select source, entity, path, first_seen_at, last_seen_at, records, present
from known_fields
where source = $1
order by entity, path
