//! Every statement, by name; its text stands in `src/store/queries/<name>.sql`.

/// A statement that both databases understand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query {
    /// The file's name, for error texts.
    pub(super) name: &'static str,
    /// The file's text.
    pub(super) text: &'static str,
}

/// How the places of bound values are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// `$1`, `$2`: what Postgres asks for.
    #[cfg(feature = "postgres")]
    Numbered,
    /// `?`: to SQLite `$1` is a name, and it searches all names for each, which takes minutes for
    /// thousands of rows.
    Bare,
}

impl Query {
    /// The same statement with as many tuples behind `values` as there are rows. A column that is not
    /// bound is null in all of them.
    pub(super) fn for_rows(
        self,
        marks: Marks,
        is_bound: &[bool],
        row_count: usize,
    ) -> Option<String> {
        const MARK: &str = "values (";
        let start = self.text.find(MARK)? + MARK.len() - 1;
        let end = start + self.text[start..].find(')')? + 1;
        let mut text = String::with_capacity(self.text.len() + row_count * is_bound.len() * 8);
        let mut place = 0_usize;
        text.push_str(&self.text[..start]);
        for row in 0..row_count {
            text.push_str(if row == 0 { "(" } else { ",\n(" });
            for (column, is_bound) in is_bound.iter().enumerate() {
                if column > 0 {
                    text.push_str(", ");
                }
                if !is_bound {
                    text.push_str("null");
                    continue;
                }
                place += 1;
                match marks {
                    #[cfg(feature = "postgres")]
                    Marks::Numbered => {
                        text.push('$');
                        text.push_str(&place.to_string());
                    }
                    Marks::Bare => text.push('?'),
                }
            }
            text.push(')');
        }
        text.push_str(&self.text[end..]);
        Some(text)
    }
}

macro_rules! queries {
    ($($constant:ident = $name:literal;)+) => {
        $(pub(super) const $constant: Query = Query {
            name: $name,
            text: include_str!(concat!("../queries/", $name, ".sql")),
        };)+
    };
}

queries! {
    AUDIT_INSERT = "audit_insert";
    AUDIT_LAST = "audit_last";
    AUDIT_LIST = "audit_list";
    BUDGET_SAVE = "budget_save";
    BUDGET_SELECT = "budget_select";
    CASE_LIST = "case_list";
    CASE_SAVE = "case_save";
    CASE_STANDING = "case_standing";
    CASH_DECISION_INSERT = "cash_decision_insert";
    CASH_DECISION_LAST = "cash_decision_last";
    CASH_DECISION_LIST = "cash_decision_list";
    CASH_WAIT_LIST = "cash_wait_list";
    CASH_WAIT_SAVE = "cash_wait_save";
    CHECKPOINT_CLEAR = "checkpoint_clear";
    CHECKPOINT_LIST = "checkpoint_list";
    CHECKPOINT_SAVE = "checkpoint_save";
    CROSSWALK_AT = "crosswalk_at";
    CROSSWALK_CLOSE = "crosswalk_close";
    CROSSWALK_INSERT = "crosswalk_insert";
    CROSSWALK_REACHING = "crosswalk_reaching";
    CURSOR_SAVE = "cursor_save";
    CURSOR_SELECT = "cursor_select";
    DISCREPANCY_INSERT = "discrepancy_insert";
    DISCREPANCY_LIST = "discrepancy_list";
    DISCREPANCY_SAVE = "discrepancy_save";
    DISCREPANCY_STATE = "discrepancy_state";
    EVENT_BETWEEN = "event_between";
    EVENT_INSERT = "event_insert";
    EVENT_LIST = "event_list";
    FIELD_LIST = "field_list";
    FIELD_SAVE = "field_save";
    FILE_DELETE = "file_delete";
    FILE_INSERT = "file_insert";
    FILE_LIST = "file_list";
    KPI_INSERT = "kpi_insert";
    KPI_NEWEST = "kpi_newest";
    LANDMARK_SAVE = "landmark_save";
    LANDMARK_SELECT = "landmark_select";
    MAIL_ATTEMPT = "mail_attempt";
    MAIL_CLAIM = "mail_claim";
    MAIL_COUNT = "mail_count";
    MAIL_ENQUEUE = "mail_enqueue";
    MAIL_LIST = "mail_list";
    PARKED_DELETE = "parked_delete";
    PARKED_LIST = "parked_list";
    PARKED_SAVE = "parked_save";
    PERIOD_CLOSE_INSERT = "period_close_insert";
    PERIOD_CLOSE_SELECT = "period_close_select";
    PERIOD_MOVE_INSERT = "period_move_insert";
    PERIOD_MOVE_LAST = "period_move_last";
    PERIOD_MOVE_LIST = "period_move_list";
    PULL_INSERT = "pull_insert";
    PULL_NEWEST = "pull_newest";
    PULL_NEWEST_COMMITTED = "pull_newest_committed";
    PULL_OF_RUN = "pull_of_run";
    RECONCILIATION_INSERT = "reconciliation_insert";
    RECONCILIATION_NEWEST = "reconciliation_newest";
    RECONCILIATION_PERIODS = "reconciliation_periods";
    RECURRENCE_LIST = "recurrence_list";
    REPORT_VERSION_INSERT = "report_version_insert";
    REPORT_VERSION_NEWEST = "report_version_newest";
    RETIRED_DELETE = "retired_delete";
    RETIRED_INSERT = "retired_insert";
    RETIRED_LIST = "retired_list";
    RUN_BEGIN = "run_begin";
    RUN_FINISH = "run_finish";
    RUN_LIST = "run_list";
    RUN_REAP = "run_reap";
    RUN_RENEW = "run_renew";
    SCHEDULE_DELETE = "schedule_delete";
    SCHEDULE_LIST = "schedule_list";
    SCHEDULE_SAVE = "schedule_save";
    TOKEN_SAVE = "token_save";
    TOKEN_SELECT = "token_select";
    UNIT_TOTALS_INSERT = "unit_totals_insert";
    UNIT_TOTALS_LIST = "unit_totals_list";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "postgres")]
    #[test]
    fn tuples_are_numbered_through() {
        let text = CASE_STANDING.for_rows(Marks::Numbered, &[true], 3).unwrap();
        assert!(text.contains("values ($1),\n($2),\n($3)\n)"), "{text}");
        let pairs = CHECKPOINT_SAVE
            .for_rows(Marks::Numbered, &[true, true], 2)
            .unwrap();
        assert!(
            pairs.contains("values ($1, $2),\n($3, $4)\non conflict"),
            "{pairs}"
        );
        let halves = CHECKPOINT_SAVE
            .for_rows(Marks::Numbered, &[false, true], 2)
            .unwrap();
        assert!(
            halves.contains("values (null, $1),\n(null, $2)\non conflict"),
            "{halves}"
        );
    }

    #[test]
    fn a_statement_without_a_tuple_has_no_rows() {
        let text = CASE_STANDING.for_rows(Marks::Bare, &[true], 2).unwrap();
        assert!(text.contains("values (?),\n(?)\n)"), "{text}");
        assert_eq!(AUDIT_LAST.for_rows(Marks::Bare, &[true], 1), None);
    }
}
