-- What is known of each record: its newest version, and the record only while that version is not a
-- tombstone. Few records have several versions; which of those is the newest is looked up, so that
-- neither a sort nor a join is needed.
create view {entity} as
select {columns}
from {entity}_versions
where {known_by} and {is_newest} and not deleted
