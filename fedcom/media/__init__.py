"""Pictures: made harmless, kept as files, shown under our own address.

In reading order: `images` (bytes that strangers chose → a clean picture), `store` (the folder),
`pictures` (both together, off the event loop), `records` (the rows that say whose they are),
`remote` (pictures on other servers, fetched for our pages).
"""
