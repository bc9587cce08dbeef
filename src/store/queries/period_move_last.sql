-- Where a period stands; what a move claims to start from is compared with this.
select to_state from period_moves where period = $1 order by sequence desc limit 1
