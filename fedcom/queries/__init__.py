"""Reading: functions that take a connection and give rows; nothing here writes.

Single rows and small facts: `actors`, `posts`, `comments`, `follows`. What pages show: `people`
(the short names beside everything), `feed` (lists of posts in pages, out of `post_lines` and
`cursors`), `remarks` (a person's comments), `profiles` (what else their page shows), `latest`
(comments for feed readers), `threads` (comments of a post as a tree), `communities` (lists),
`modlog`, `bans`, `notifications` (what a member is told), `messages` (private ones; each statement
names who asks).
"""
