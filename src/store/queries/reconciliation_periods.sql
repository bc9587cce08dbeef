-- A period counts as reconciled even when nothing differed in it.
select distinct period from reconciliations where rule = $1 order by period
