"""Reading single rows and facts: functions that take a connection; nothing here writes.

`actors`, `posts`, `comments`, `content` (a post or a comment), `located` (its community and author,
read once for an action), `messages`, `follows`, `bans`, `blocks`, `reports`, `modlog`, `appeals`,
`revisions`, `drafts`, `omissions`, `boosts`, `counts`, `authors`, `purged` (ids that must not
return), `unused_ids` (those of what is new), `policy` (the site's settings that actions respect),
`decoration` (taglines and custom emoji), `rules`, `search_words` (the words of texts, for the
search). `visibility` has the conditions that decide who may see which rows, once each, and
`notifications` those of members' notifications. For peers: `collections`, `conversations`,
`replies`; `sent` (the ids under which our members' activities were sent). Lists and pages for the
interfaces are in `views`.
"""
