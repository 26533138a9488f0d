"""The domain's tables, declared once, and the frozen rows that are read from them.

`base` (metadata, how a row becomes a dataclass), `digest` (of ids), then one file per noun: `site`
(this instance and its settings), `peer` (other servers), `block_list` (lists of those to block),
`instance` (their numbers), `actor` (people and communities, local and remote, with keys and names),
`follow`, `post`, `comment` (with what they share in `content`), `vote`, `revision` (earlier
versions), `message` (private ones), `outside_mention` (of members, in posts outside of known
communities), `moderation` (moderators, bans, reports, modlog, markers), `appeal`, `account` (local
logins, sessions, invitations), `mail` (the queue of e-mail), `notification`, `push` (to browsers),
`personal` (members' private lists), `media` (pictures and previews of links), `omission` (content
that a backfill left out), `restriction` (interaction policies of remote authors), `boost` (of local
content), `purge` (what admins erase for good), `decoration` (taglines and custom emoji), `rule` (of
the site and of communities), `settings_import`, `search` (its indexes, and the words of texts).
`located` is no table: a post or comment with its community, author and standing, read at once.
"""
