"""Rows to ActivityPub objects and back: pure translation, no database, no network.

`body` (a text in both its forms), `addressing` (the ids we give things and whom we name in `to` and
`cc`), then one file per object: `actor`, `post`, `comment`, `message`.
"""
