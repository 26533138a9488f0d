"""Local logins: who may sign in here, and how they prove it. Nothing of this is seen by peers.

In reading order: `passwords` (hashing; slow on purpose, always outside a transaction), `register`
(sign-up and its approval), `members` (find accounts, change role and password), `sessions` (the
tokens in cookies), `throttle` (counted attempts), `rate_limits` (how much a member may do in a
time), `sign_in` (the three steps of logging in), `email` (addresses, typed and confirmed),
`invitations` (codes that open sign-up), `password_reset` (links for who forgot), `mail` and
`digest` (mail, as rows), `delete_account`.

Plain functions in the caller's transaction. They do not ask who calls: the surfaces let only admins
approve, promote and reset.
"""
