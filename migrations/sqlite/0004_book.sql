-- What each reconcile counted, and every discrepancy with its history.
-- Amounts of money are integers scaled by ten thousand.
create table reconciliations (
    reconciliation_id text not null primary key,
    run_id text not null,
    rule text not null,
    period text not null,
    made_at text not null,
    as_of text not null,
    rules_version text not null,
    input_digest text not null,
    blind_sources text not null,
    completeness text not null
) strict;

create index reconciliations_newest on reconciliations (rule, period, made_at);

create table unit_totals (
    reconciliation_id text not null references reconciliations (reconciliation_id),
    place integer not null,
    account text not null,
    account_name text not null,
    branch text,
    currency text not null,
    units integer not null,
    discrepant integer not null,
    compared_value integer not null,
    expected_value integer not null,
    billed_value integer not null,
    discrepant_value integer not null,
    timing integer not null,
    timing_value integer not null,
    unknown integer not null,
    unknown_value integer not null,
    within_tolerance integer not null,
    within_tolerance_net integer not null,
    primary key (reconciliation_id, place)
) strict;

create table discrepancies (
    id text not null primary key,
    fingerprint text not null,
    rule text not null,
    period text not null,
    kind text not null,
    state text not null,
    account text not null,
    account_name text not null,
    branch text,
    sku text not null,
    currency text not null,
    field text not null,
    expected text,
    actual text,
    unit_expected integer not null,
    unit_actual integer not null,
    impact integer not null,
    outstanding integer not null,
    recovered integer not null,
    annualised integer,
    severity text not null,
    estimated integer not null check (estimated in (0, 1)),
    ambiguous integer not null check (ambiguous in (0, 1)),
    secondary text not null,
    linked_id text,
    owner text,
    waiting_on text,
    code text,
    proposed_by text,
    sides text not null,
    rules_version text not null,
    opened_run text not null,
    last_run text not null,
    opened_at text not null,
    resolved_at text,
    ended_at text,
    updated_at text not null
) strict;

create index discrepancies_period on discrepancies (period, rule);
create index discrepancies_opened on discrepancies (opened_at, id);
create index discrepancies_state on discrepancies (state);
create index discrepancies_account on discrepancies (account);
create index discrepancies_fingerprint on discrepancies (fingerprint);

create table discrepancy_events (
    sequence integer not null primary key autoincrement,
    discrepancy_id text not null references discrepancies (id),
    happened_at text not null,
    actor text not null,
    action text not null,
    from_state text,
    to_state text not null,
    code text,
    note text,
    run_id text
) strict;

create index discrepancy_events_item on discrepancy_events (discrepancy_id, sequence);
create index discrepancy_events_happened on discrepancy_events (happened_at, sequence);
