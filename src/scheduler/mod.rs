//! When: the planner, the leases, and the jobs in which the stages meet.
