-- The bytes are gone.
delete from retired_files where path in (values ($1))
