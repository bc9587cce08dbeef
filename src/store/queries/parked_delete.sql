-- The vendor answers again.
delete from parked_sources where source = $1
