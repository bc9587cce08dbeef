-- What the next entry is bound to.
select sequence, hash from audit order by sequence desc limit 1
