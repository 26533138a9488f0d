"""Loops that run beside the server: none of them answers a request.

`mailer` (sends the queued mail by SMTP), `backfill` (fetches old posts and comments of what is
followed or looked up), `previews` (of links), `follow_requests` (asks again for what nobody has
answered), `housekeeping` (prunes what grows). `wiring` starts them.
"""
