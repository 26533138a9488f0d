"""Reading: functions that take a connection and give rows; nothing here writes.

Single rows and small facts: `actors`, `posts`, `comments`, `follows`. What pages show: `people`
(the short names beside everything, a person's comments), `feed` (lists of posts in pages, one post
with its names), `threads` (comments of a post as a tree), `communities` (lists, the modlog).
"""
