-- A file does not count any more; another one holds its rows.
delete from files where path = $1
