-- Everything that would reach beyond the instant is cut there, so that two memberships of one
-- account never hold at once, even when a decision is dated back.
update crosswalk set valid_to = $3
where source = $1 and source_id = $2 and (valid_to is null or valid_to > $3)
