"""Other servers and their actors, from rows or from their origin.

`actors` (a row for an actor document), `keys` (public keys for the inbox, private keys for what we
sign), `handles` (the domains in actors' handles), `peers` (what is known of a server, and whether
it is blocked), `nodeinfo` (what software it runs), `origins` (documents, from servers that are not
blocked).
"""
