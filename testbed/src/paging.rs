//! How a search says where its next page is.

/// The form of `rel: next`, see [`Builder::paging`](crate::Builder::paging).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Paging {
    /// A GET link with a `token` and the whole query, whatever the method of the search.
    #[default]
    TokenLink,
    /// After a POST: a POST link whose `body` holds only the `token`, with `merge: true`.
    /// After a GET: as [`Paging::TokenLink`].
    PostMerge,
    /// After a POST: a POST link whose `body` is the whole search with the `token`.
    /// After a GET: as [`Paging::TokenLink`].
    PostBody,
    /// `page=2` in the link of a GET, `page: 2` in the whole body of a POST.
    PageNumber,
}
