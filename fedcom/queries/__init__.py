"""Reading single rows and facts: functions that take a connection; nothing here writes.

`actors`, `posts`, `comments`, `content` (a post or a comment), `located` (what surrounds it, read
once for an action), `messages`, `follows`, `bans`, `blocks`, `reports`, `modlog`, `revisions`,
`drafts`, `omissions`, `boosts`, `counts`, `authors`. `visibility` holds the conditions of who may
see what, once each, and `notifications` those of what members are told. What peers read:
`collections`, `conversations`, `replies`; `sent` (the ids under which our members' activities went
out). What surfaces show, in lists and on pages, is in `views`.
"""
