-- What was replaced and may be still there.
select path, size_bytes, retired_at, reason
from retired_files
order by retired_at, path
