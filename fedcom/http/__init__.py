"""What the surfaces share: the instance they are given, who asks, and how errors are answered.

In reading order: `instance` (what a surface may ask of the running server), `middleware` (client
addresses behind proxies, request ids and the log, security headers), `sessions` (the cookie and the
member it stands for), `devices` (the cookie of those that logged in before), `forgery` (requests
that another site made a browser send), `stamps` (what we sign to know it again), `accepting`
(Accept, weighed), `problems` (exceptions → answers).
"""
