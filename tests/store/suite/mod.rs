//! The suite that every store is held to: each story is a function of a new, empty store.

pub(crate) mod audit;
mod book;
mod cases;
mod cash;
mod crosswalk;
mod files;
mod manifest;
mod outbox;
mod periods;
mod runs;
mod snapshots;

macro_rules! store_suite {
    ($($story:ident: $path:path,)+) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $story() {
                let (_folder, store) = crate::support::store::sqlite_store().await;
                $path(store).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $story() {
                use crossfoot::store::Access;
                if let Some(database) = crate::support::postgres::database().await {
                    $path(database.open(Access::Write).await).await;
                }
            })+
        }
    };
}

store_suite! {
    a_fire_is_answered_once: super::runs::a_fire_is_answered_once,
    a_lost_run_stays_lost: super::runs::a_lost_run_stays_lost,
    runs_are_listed_newest_first: super::runs::runs_are_listed_newest_first,
    schedules_follow_the_configuration: super::runs::schedules_follow_the_configuration,
    a_parked_source_waits_until_it_is_forgotten: super::runs::a_parked_source_waits_until_it_is_forgotten,
    a_pull_is_committed_whole: super::manifest::a_pull_is_committed_whole,
    a_failed_pull_leaves_the_cursor: super::manifest::a_failed_pull_leaves_the_cursor,
    a_pull_that_breaks_leaves_nothing: super::manifest::a_pull_that_breaks_leaves_nothing,
    files_are_known_from_their_extraction_on: super::manifest::files_are_known_from_their_extraction_on,
    files_are_replaced_as_one: super::files::files_are_replaced_as_one,
    a_merged_file_is_known_from_its_first_row_on: super::files::a_merged_file_is_known_from_its_first_row_on,
    a_store_has_a_name_of_its_own: super::files::a_store_has_a_name_of_its_own,
    fields_are_known_with_their_counts: super::files::fields_are_known_with_their_counts,
    freshness_is_told_by_pulls: super::manifest::freshness_is_told_by_pulls,
    a_rotated_token_replaces_the_last: super::manifest::a_rotated_token_replaces_the_last,
    a_budget_is_what_was_kept_last: super::manifest::a_budget_is_what_was_kept_last,
    memberships_are_closed_and_opened: super::crosswalk::memberships_are_closed_and_opened,
    a_decision_can_be_dated_back: super::crosswalk::a_decision_can_be_dated_back,
    an_account_comes_twice_in_one_write: super::crosswalk::an_account_comes_twice_in_one_write,
    a_reconcile_is_kept_whole: super::book::a_reconcile_is_kept_whole,
    parts_count_only_together: super::book::parts_count_only_together,
    the_newest_reconcile_by_an_instant_counts: super::book::the_newest_reconcile_by_an_instant_counts,
    a_stale_move_is_refused: super::book::a_stale_move_is_refused,
    a_person_is_named_in_the_trail: super::book::a_person_is_named_in_the_trail,
    filters_take_what_they_say: super::book::filters_take_what_they_say,
    amounts_are_never_rounded: super::book::amounts_are_never_rounded,
    many_changes_are_one_write: super::book::many_changes_are_one_write,
    a_nul_is_kept_visibly: super::book::a_nul_is_kept_visibly,
    cases_tell_of_their_moves: super::cases::cases_tell_of_their_moves,
    the_newest_decision_of_a_payment_stands: super::cash::the_newest_decision_of_a_payment_stands,
    waits_of_payments_end: super::cash::waits_of_payments_end,
    a_mail_is_enqueued_once: super::outbox::a_mail_is_enqueued_once,
    a_mail_that_was_given_up_goes_again: super::outbox::a_mail_that_was_given_up_goes_again,
    a_claimed_mail_is_left_alone: super::outbox::a_claimed_mail_is_left_alone,
    a_sent_mail_stays_sent: super::outbox::a_sent_mail_stays_sent,
    the_newest_snapshot_of_a_period_counts: super::snapshots::the_newest_snapshot_of_a_period_counts,
    a_version_is_given_once: super::snapshots::a_version_is_given_once,
    steps_are_remembered_until_cleared: super::snapshots::steps_are_remembered_until_cleared,
    a_period_moves_from_where_it_stands: super::periods::a_period_moves_from_where_it_stands,
    errors_are_found_again: super::periods::errors_are_found_again,
    the_trail_is_one_chain: super::audit::the_trail_is_one_chain,
    writers_at_once_make_one_chain: super::audit::writers_at_once_make_one_chain,
    a_dropped_write_is_finished_or_undone: super::audit::a_dropped_write_is_finished_or_undone,
}
