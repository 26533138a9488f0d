"""What the surfaces share: the instance they are given, who asks, and how errors are answered.

In reading order: `connections` (how many there may be), `protocol` (one of them: its deadlines and
sizes), `instance` (what a surface may ask of the running server), `addresses` (clients and
networks), `middleware` (client addresses behind proxies, request ids and the log, security
headers), `cookies` (the Cookie header), `sessions` (the cookie and the member it stands for),
`devices` (the cookie of those that logged in before), `csrf` (requests that another site made a
browser send), `signer` (what we sign to know it again), `accepting` (Accept, weighed), `cors` (what
scripts on other sites may read), `problem`
(exceptions → answers).
"""
