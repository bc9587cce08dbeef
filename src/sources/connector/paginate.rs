//! `paginate` of a list: how the next page is asked for, and what proves that there is none.

use serde::Deserialize;

/// The protocol of a list's pages. A `parameter` may be left out where the request names `{cursor}`,
/// `{last}`, `{page}` or `{offset}` itself. A short page is never the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sources) enum PaginateSpec {
    /// One page is all.
    #[default]
    Single,
    /// The answer holds a cursor for the next page; none there is the end.
    Cursor {
        /// The path of the cursor in the body.
        next: Option<String>,
        /// Or the header that holds it.
        header: Option<String>,
        /// A text in the cursor's place that means none.
        none: Option<String>,
        /// The path of a flag in the body: `false` is the end whatever the cursor says.
        more: Option<String>,
        /// The query parameter that takes it; or the request names `{cursor}`.
        parameter: Option<String>,
        /// Or the path in the request's JSON body that takes it.
        body: Option<String>,
    },
    /// The next page starts after the last record's id; a flag says whether there is one.
    LastId {
        /// The query parameter that takes the id; or the request names `{last}`.
        parameter: Option<String>,
        /// The path of the id in a record.
        id: String,
        /// The path of the flag in the body; `false` is the end.
        more: String,
    },
    /// The next page has the ids above the last one's, in their order. Without `more`, an empty
    /// page is the end.
    Keyset {
        /// The query parameter that takes the id; or the request names `{last}`.
        parameter: Option<String>,
        /// The path of the id in a record.
        id: String,
        /// What stands for the last id on the first page.
        first: Option<String>,
        /// The path in the body of what says that there is more: absent or `false` is the end.
        more: Option<String>,
    },
    /// Pages are numbered; an empty one, the count of pages or of rows, or a flag is the end.
    Page {
        /// The query parameter that takes the number; or the request names `{page}`.
        parameter: Option<String>,
        /// The first page's number.
        #[serde(default = "one")]
        first: u64,
        /// The path of the number of pages in the body.
        page_count: Option<String>,
        /// The path of a flag that says whether more pages follow.
        more: Option<String>,
        /// The path of the number of rows in the body.
        total: Option<String>,
        /// How many rows a page has, beside `total`.
        page_size: Option<u64>,
    },
    /// Rows are numbered; an empty page, or the count of rows, is the end.
    Offset {
        /// The query parameter that takes the number of rows to pass over; or the request names
        /// `{offset}`.
        parameter: Option<String>,
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
