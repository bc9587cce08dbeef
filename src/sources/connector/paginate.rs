//! `paginate` of a list: how the next page is asked for, and what proves that there is none.

use serde::Deserialize;

/// The protocol of a list's pages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sources) enum PaginateSpec {
    /// One page is all.
    Single,
    /// The body holds a cursor for the next page; none there is the end.
    Cursor {
        /// The path of the cursor in the body.
        next: String,
        /// The query parameter that takes it.
        parameter: Option<String>,
        /// Or the path in the request's JSON body that takes it.
        body: Option<String>,
    },
    /// The next page starts after the last record's id; a flag says whether there is one.
    LastId {
        /// The query parameter that takes the id.
        parameter: String,
        /// The path of the id in a record.
        id: String,
        /// The path of the flag in the body; `false` is the end.
        more: String,
    },
    /// Pages are numbered; an empty one, or the count of pages, is the end.
    Page {
        /// The query parameter that takes the number.
        parameter: String,
        /// The first page's number.
        #[serde(default = "one")]
        first: u64,
        /// The path of the number of pages in the body.
        page_count: Option<String>,
        /// The path of a flag that says whether more pages follow.
        more: Option<String>,
    },
    /// Rows are numbered; an empty page, or the count of rows, is the end.
    Offset {
        /// The query parameter that takes the number of rows to pass over.
        parameter: String,
        /// The number of the first row.
        #[serde(default)]
        first: u64,
        /// The path of the number of rows in the body.
        total: Option<String>,
    },
    /// The body holds the next page's URL, absolute or relative; none there is the end.
    NextUrl {
        /// The path of the URL.
        next: String,
    },
    /// The `Link` header holds the next page's URL with `rel="next"`; none there is the end.
    LinkHeader,
}

const fn one() -> u64 {
    1
}
