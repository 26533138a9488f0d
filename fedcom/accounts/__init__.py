"""Local logins: who may log in here, and how they prove who they are. Peers see nothing of it.

In reading order: `passwords` (hashing; slow on purpose, always outside a transaction), `captcha`
(characters to type before a sign-up), `register` (sign-up), `applications` (who waits for an
admin's approval, and the decision), `members` (find accounts, change role and password), `tokens`
(the JSON Web Tokens of apps), `sessions` (who is logged in, in browsers and apps), `throttle`
(counts attempts), `rate_limits` (how much a member may do in a given time), `two_factor` (codes
beside the password), `passkeys` (in place of both), `sign_in` (logging in, in two to five steps),
`email` (addresses and their confirmation), `invitations` (codes that permit sign-up),
`password_reset` (links for forgotten passwords), `notices` (a notification in words), `mail` and
`digest` (outgoing mail, as rows), `delete_account`.

These are plain functions in the caller's transaction. They do not check who calls them: the
interfaces let only admins approve, promote and reset.
"""
