-- A replaced file stays for a while: somebody may still be reading it.
insert into retired_files (
    path, size_bytes, retired_at, reason
)
values ($1, $2, $3, $4)
