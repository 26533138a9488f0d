"""Rows to ActivityPub objects and back: pure translation, no database, no network.

`body` (a text in both its forms), `addressing` (the ids of our objects, and the addressees in `to`
and `cc`), then one file per object: `actor`, `post`, `comment`, `message`, `microblog` (a post as a
Note). They share `tags`, `illustration`, `emoji` and `policies`.
"""
