-- One thing that is true of the whole store.
select value from landmarks where name = $1
