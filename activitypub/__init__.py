"""The protocol: ActivityPub's words, signatures, discovery and safe fetching. No database here.

In reading order:

errors      everything that can go wrong between two servers, and whose fault it is
iri         IRIs: which are allowed, same origin, host, "is it public?"
types       the types of documents we know by name
canonical   one JSON text for each value (RFC 8785), which proofs hash
parse       bytes from a stranger → a JSON object within bounds
document    `Document`, the one typed view of a parsed document
context     the @context arrays we send
vocab       builders for the documents we send: actors, objects, activities, collections
signatures  who sent it (`signatures.request`), who wrote it (`signatures.integrity`)
problem     problem details (RFC 9457), and their types (FEP-c180)
authority   pure: who may say what, and what proof it takes
signature_profiles  which signature scheme each peer accepts
netguard    which network addresses may be connected to
chunks      many small calls in a few threads
resolver    names to addresses, kept for a minute
connection  one HTTP/1.1 connection, one bounded answer
transport   connections by host, to permitted addresses only
answers     HTTP responses: media type, encoding, Retry-After, which error it is
fetch       the only way out: GET and POST with limits
webfinger   acct: ⇄ actor IRI
nodeinfo    the software of a peer, and ours
"""
