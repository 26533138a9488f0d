"""User input to safe output: pure, no I/O, and every input is treated as hostile.

In reading order: `html` (the one sanitizer, and HTML → plain text), `markdown` (source → safe
HTML), `mentions` (`@name@host`, `!name@host`), `plain` (titles and names on one line), `pasted`
(pasted handles and addresses), `hashtags`, `emoji`, `pictures`, `prose` (the parts of HTML outside
of links and code), `search_terms`, `excerpts`, `stems` and `spelling` (for the search),
`difference` (between two versions), `to_markdown` (HTML → Markdown, for apps), `page_head` (the
metadata of a web page), `slurs` (the admin's filter of words).
"""
