-- Mails, whole, before their first byte leaves.
create table outbox (
    mail_key text not null primary key,
    message_id text not null,
    recipient text not null,
    sender text not null,
    subject text not null,
    eml blob not null,
    state text not null,
    attempt_count integer not null,
    next_attempt_at text not null,
    last_error text,
    created_at text not null,
    sent_at text
) strict;

create index outbox_due on outbox (state, next_attempt_at);
create index outbox_created on outbox (created_at, mail_key);
