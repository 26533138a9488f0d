"""Who is at this IRI: remote actors found or asked for, keys (theirs and ours), other servers.

`actors` (a row for an actor document), `peers` (what software a host runs, whom we block), `keys`
(public keys for the inbox, private keys for what we sign), `originals` (the author's own Create of
what was only fetched), `vouching` (whose word counts for what happens in a community).
"""
