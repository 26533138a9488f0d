"""Pictures: made harmless, kept as files, shown under our own address.

In reading order: `images` (bytes that strangers chose → a clean picture), `worker` (the program
that does this for the server), `process` (starts it and ends it), `store` (the folder), `pictures`
(all of that together), `records` (the rows that say whose they are), `remote` (pictures on other
servers, fetched for our pages).
"""
