"""Tools for people who write other servers; they need no running server and no database.

`explain` (what we would make of a document) with `fixtures` (other projects' test data),
`verification` (of a signed request, step by step) with `captured` (requests as curl shows them).
"""
