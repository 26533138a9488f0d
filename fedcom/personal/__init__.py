"""Members' private data. No peer is told of any of it.

`saved` (saved and hidden posts, saved comments), `followed_posts` (followed and muted threads),
`blocks` (people, communities, servers), `drafts` (typed and not sent), `sent_forms` (a form that is
sent twice takes effect once), `uploads` (their pictures), `visits` (which threads they have read),
`notifications` (which they have read), `notification_settings` (which they want), `push` (the
browsers that show them), `preferences` and `app_preferences`, `feed_tokens` (the addresses of their
feeds), `export` (everything stored about a member), `imports` (of settings).
"""
