-- Only the newest is of use.
select source, sealed, received_at from tokens where source = $1
