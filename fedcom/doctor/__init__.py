"""Checks whether the server can be run like this: `fedcom doctor`, and the page /admin/health.

`inside` (settings, files, database, queues), `outside` (how others reach this server),
`examination` (runs all checks, in the order in which they are shown), `request_echo` (what a
request looks like behind the proxy).
"""
