"""Readers of activity types with several meanings, one file per activity type.

`catalog` lists every reader for the inbox. `note` reads Create and Update, with `post`, `comment`,
`message` and `outside_mention`; then `vote`, `delete`, `collections` (Add and Remove) and `block`.
`content_at` stores a post or comment from its origin's document, with its unknown parents. If an
activity type means exactly one action (Lock, Follow, Flag, Move), the reader is in the action's own
file.
"""
