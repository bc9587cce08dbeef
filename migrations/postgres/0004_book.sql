-- What each reconcile counted, and every discrepancy with its history.
-- Amounts of money are integers scaled by ten thousand.
create table reconciliations (
    reconciliation_id text collate "C" not null primary key,
    run_id text collate "C" not null,
    rule text collate "C" not null,
    period text collate "C" not null,
    made_at text collate "C" not null,
    as_of text collate "C" not null,
    rules_version text collate "C" not null,
    input_digest text collate "C" not null,
    blind_sources text collate "C" not null,
    completeness text collate "C" not null
);

create index reconciliations_newest on reconciliations (rule, period, made_at);

create table unit_totals (
    reconciliation_id text collate "C" not null references reconciliations (reconciliation_id),
    place bigint not null,
    account text collate "C" not null,
    account_name text collate "C" not null,
    branch text collate "C",
    currency text collate "C" not null,
    units bigint not null,
    discrepant bigint not null,
    compared_value bigint not null,
    expected_value bigint not null,
    billed_value bigint not null,
    discrepant_value bigint not null,
    timing bigint not null,
    timing_value bigint not null,
    unknown bigint not null,
    unknown_value bigint not null,
    within_tolerance bigint not null,
    within_tolerance_net bigint not null,
    primary key (reconciliation_id, place)
);

create table discrepancies (
    id text collate "C" not null primary key,
    fingerprint text collate "C" not null,
    rule text collate "C" not null,
    period text collate "C" not null,
    kind text collate "C" not null,
    state text collate "C" not null,
    account text collate "C" not null,
    account_name text collate "C" not null,
    branch text collate "C",
    sku text collate "C" not null,
    currency text collate "C" not null,
    field text collate "C" not null,
    expected text collate "C",
    actual text collate "C",
    unit_expected bigint not null,
    unit_actual bigint not null,
    impact bigint not null,
    outstanding bigint not null,
    recovered bigint not null,
    annualised bigint,
    severity text collate "C" not null,
    estimated boolean not null,
    ambiguous boolean not null,
    secondary text collate "C" not null,
    linked_id text collate "C",
    owner text collate "C",
    waiting_on text collate "C",
    code text collate "C",
    proposed_by text collate "C",
    sides text collate "C" not null,
    rules_version text collate "C" not null,
    opened_run text collate "C" not null,
    last_run text collate "C" not null,
    opened_at text collate "C" not null,
    resolved_at text collate "C",
    ended_at text collate "C",
    updated_at text collate "C" not null
);

create index discrepancies_period on discrepancies (period, rule);
create index discrepancies_opened on discrepancies (opened_at, id);
create index discrepancies_state on discrepancies (state);
create index discrepancies_account on discrepancies (account);
create index discrepancies_fingerprint on discrepancies (fingerprint);

create table discrepancy_events (
    sequence bigint generated always as identity primary key,
    discrepancy_id text collate "C" not null references discrepancies (id),
    happened_at text collate "C" not null,
    actor text collate "C" not null,
    action text collate "C" not null,
    from_state text collate "C",
    to_state text collate "C" not null,
    code text collate "C",
    note text collate "C",
    run_id text collate "C"
);

create index discrepancy_events_item on discrepancy_events (discrepancy_id, sequence);
create index discrepancy_events_happened on discrepancy_events (happened_at, sequence);
