"""Tools for developers of other servers; they need no running server and no database.

`explain` (how we read a document) with `fixtures` (test data of other projects), `verification` (of
a signed request, step by step) with `captured` (requests as curl shows them).
"""
