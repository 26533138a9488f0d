"""What all interfaces share: who asks, what is meant, and how errors become responses.

In reading order: `connections` (how many there may be), `protocol` (one of them: its deadlines and
sizes), `route_index` (which route serves a path), `middleware` (client addresses behind proxies,
request ids and the log, security headers), `page_cache` (pages and documents for guests, kept in
memory); `instance` (what an interface may ask of the running server); `identity` (a session cookie
or a bearer token → a member or a guest), `csrf` (requests that another site made a browser send),
`devices` (the cookie of browsers that have logged in before), `log_in` (the steps of logging in),
`email_links` (that confirm addresses), `sign_up`, `captcha`, `password_reset`, `signer` (signed
values); `resolve` (names and addresses → rows), `numbers` and `paging` (row ids, cursors, page
numbers); `problem` (exceptions → problem details); `accepting` (the Accept headers), `addresses`
(of clients, and networks), `cookies` and `cors` (headers), `pictures` (as responses).
"""
