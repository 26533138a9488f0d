"""User input to safe output: pure, no I/O, and every input is treated as hostile.

In reading order: `html` (the one sanitizer, and HTML → plain text), `markdown` (source → safe
HTML), `mentions` (`@name@host`, `!name@host`), `plain` (titles and names on one line), `pasted`
(pasted handles and addresses).
"""
