-- The audit trail: each entry is bound to the one before it, and neither it nor the history of a
-- discrepancy is ever changed or removed.
create table audit (
    sequence integer not null primary key,
    event_id text not null unique,
    happened_at text not null,
    actor text not null,
    action text not null,
    object text not null,
    before text,
    after text,
    reason text,
    approval text,
    previous_hash text not null,
    hash text not null
) strict;

create trigger audit_no_update before update on audit
begin
    select raise(abort, 'audit is append-only');
end;

create trigger audit_no_delete before delete on audit
begin
    select raise(abort, 'audit is append-only');
end;

create trigger discrepancy_events_no_update before update on discrepancy_events
begin
    select raise(abort, 'discrepancy_events is append-only');
end;

create trigger discrepancy_events_no_delete before delete on discrepancy_events
begin
    select raise(abort, 'discrepancy_events is append-only');
end;
