-- The audit trail: each entry is bound to the one before it, and neither it nor the history of a
-- discrepancy is ever changed or removed.
create table audit (
    sequence bigint not null primary key,
    event_id text collate "C" not null unique,
    happened_at text collate "C" not null,
    actor text collate "C" not null,
    action text collate "C" not null,
    object text collate "C" not null,
    before text collate "C",
    after text collate "C",
    reason text collate "C",
    approval text collate "C",
    previous_hash text collate "C" not null,
    hash text collate "C" not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end;
$$;

create trigger audit_no_change before update or delete on audit
    for each row execute function refuse_change();
create trigger audit_no_truncate before truncate on audit
    for each statement execute function refuse_change();

create trigger discrepancy_events_no_change before update or delete on discrepancy_events
    for each row execute function refuse_change();
create trigger discrepancy_events_no_truncate before truncate on discrepancy_events
    for each statement execute function refuse_change();
