"""Other servers and their actors: found in the database or fetched from their origin.

`actors` (a row for an actor document), `keys` (public keys for the inbox, private keys for our
signatures), `handles` (the domains in actors' handles), `peers` (stored data about a server, and
whether it is blocked), `nodeinfo` (what software it runs), `origins` (documents, from servers that
are not blocked), `originals` (the author's own Create of an object that was only fetched),
`senders` (whether a sender's server is back, and its row old), `vouching` (who is authoritative for
events in a community).
"""
