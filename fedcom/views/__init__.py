"""Read models, for every interface that shows them (pages, feeds, apps).

A view is a frozen dataclass with everything that any interface shows of an object: its author and
community, its counts, what the viewer did with it, the author's standing. Rows are turned into
views by the names of their columns. Lists differ in selection, order and starting point; each is
one statement and returns a `Page` (`paging`).

In reading order: `viewer` (whose view it is), `planning` (how statements are written), `person`,
`community`, `post`, `scopes` (the communities of a list), `feed` (lists of posts), `comment`,
`comment_feed` (lists of comments), `thread` (the comments below a post), `profile` (a person's
posts and comments), `search`, `search_statement` (its SQL), `search_all` (every kind at once),
`completion` (of names while writing), `notification`, `message`, `appeal`, `report` (their queue),
`report_entry` (each by itself), `moderator_note`, `moderation_history` (all about a person),
`modlog`, `ban`, `voter`, `block`, `draft`, `upload`, `purge`, `full` (all that apps show of a
thing), `mine` (what a member follows, moderates and blocks), `followed` (with what is new),
`introduced` (communities for newcomers), `inbox` (replies and mentions for apps), `instance` (other
servers) and `sitemap`.
Nothing here writes; the queries that actions need are in `queries`.
"""
