-- Mails, whole, before their first byte leaves.
create table outbox (
    mail_key text collate "C" not null primary key,
    message_id text collate "C" not null,
    recipient text collate "C" not null,
    sender text collate "C" not null,
    subject text collate "C" not null,
    eml bytea not null,
    state text collate "C" not null,
    attempt_count bigint not null,
    next_attempt_at text collate "C" not null,
    last_error text collate "C",
    created_at text collate "C" not null,
    sent_at text collate "C"
);

create index outbox_due on outbox (state, next_attempt_at);
create index outbox_created on outbox (created_at, mail_key);
