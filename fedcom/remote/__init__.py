"""Other servers and who is on them: found in the database or asked for at their origin.

`actors` (a row for an actor document), `keys` (public keys for the inbox, private keys for what we
sign), `handles` (the domains in actors' handles), `peers` (what is known of a server, and whether
it is blocked), `nodeinfo` (what software it runs), `origins` (documents, from servers that are not
blocked), `originals` (the author's own Create of what was only fetched), `vouching` (whose word
counts for what happens in a community).
"""
