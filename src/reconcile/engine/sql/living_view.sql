-- What is known of each record: its newest version, and the record only while that version is not a
-- tombstone.
create view {entity} as
select {columns}
from {entity}_newest
where not deleted
