"""The machinery of HTML pages; it has no page of its own.

In reading order: `routing` (routes that refuse cross-site forms), `request_context` (who asks for
which page of which site), `forms` and `honeypot` (what was typed, and whether by a person),
`languages` (a box for each), `render` and `escaping` (templates), `fragments` (parts of pages, kept
in memory), `i18n` (translations), `labels` (names of pages), `flash` (a message on the next page),
`errors` (pages for errors), `reasons` (of moderators), `alerts` and `list_changes` (what admins see
on every page), `colours`, `cards` and `icon_addresses` (how a link to a page is shown), `plots` (of
numbers over time), `static_files`, `feed_documents` (RSS and Atom).
"""
