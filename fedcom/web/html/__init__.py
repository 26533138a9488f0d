"""The machinery of the pages; no page of its own.

`request_context` (who asks, of which site), `routing` (who is refused before a handler is asked),
`render` (templates), `i18n` (in which language), `forms`, `honeypot` and `flash` (what was typed,
by whom, what to say next), `errors` (pages for what went wrong), `alerts` (what admins see on every
page), `colours`, `static_files`, `feed_documents` (RSS and Atom).
"""
