"""Local logins: who may sign in here, and how they prove it. Nothing of this is seen by peers.

In reading order: `passwords` (hashing; slow on purpose, always outside a transaction), `register`
(sign-up and its approval), `roster` (find accounts, change role and password), `sessions` (the
tokens in cookies), `throttle` (counted attempts), `pace` (how much a member may do in a time),
`sign_in` (the three steps of logging in), `email` (addresses, typed and confirmed),
`preferences` (what pages look like to a member), `feed_salt` (addresses of their feeds),
`shelf` and `drafts` (saved, hidden, blocked; typed and not sent), `sent_forms` (sent before),
`uploads` (their pictures),
`visits` and `news` (what they have read of threads and of what they are told), `invitations` (codes
that open the door), `password_reset` (links for who forgot), `letters` and `digest` (mail, as
rows), `export` and `departure` (all that is here of a member, taken along and taken away).

Plain functions in the caller's transaction. They do not ask who calls: the surfaces let only admins
approve, promote and reset.
"""
