"""What members keep for themselves. No peer is told of any of it.

`saved` (saved, hidden, blocked), `drafts` (typed and not sent), `sent_forms` (a form sent twice
makes one thing), `uploads` (their pictures), `visits` (which threads they have read),
`notifications` (that they were read), `preferences`, `feed_tokens` (the addresses of their feeds),
`export` (everything that is here of a member).
"""
