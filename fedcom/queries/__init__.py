"""Reading: functions that take a connection and give rows; nothing here writes.

Single rows and small facts: `actors`, `posts`, `comments`, `content` (either), `located` (what
surrounds it, read once for an action), `follows`, `revisions`, `reports`,
`counts`. What pages show: `people` (the short names beside everything), `feed` (lists of posts in
pages, out of `post_lines` and `cursors`), `post_view` (one post), `threads` (its comments as a
tree), `remarks` (a person's comments), `profiles` (what else their page shows), `communities`
(lists), `search`, `latest` (comments for feed readers), `saved` and `drafts` (what a member keeps),
`duplicates` (for who is about to post), `modlog`, `bans`, `report_queue`, `notifications` (what a
member is told), `visibility` (who still reads what was removed), `messages` (private ones; each
statement names who asks). What peers read: `collections`, `conversations`, `replies`; `sent` (the
ids under which our members' activities went out).
"""
