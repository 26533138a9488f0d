"""Pictures: made harmless, stored as files, served from our own address.

In reading order: `picture` (what a clean one is), `images` (untrusted bytes → a clean picture),
`worker` (the program that does this for the server), `messages` (what they send each other),
`process` (starts and ends it), `store` (the folder), `s3` (a bucket instead), `pictures` (all of
that together), `records` (the rows that say whose pictures they are), `queue` (previews to be
made), `remote` (pictures on other servers, fetched for our pages), `icons` (of this server).
"""
