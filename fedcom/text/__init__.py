"""From what people write to what may be shown: pure, no I/O, and every input is hostile.

In reading order: `html` (the one sanitizer, and HTML → plain text), `markdown` (source → safe
HTML), `mentions` (`@name@host`, `!name@host`), `plain` (titles and names on one line),
`pasted` (what is looked up).
"""
