"""The domain's tables, declared once, and the frozen rows that are read from them.

`base` (metadata, how a row becomes a dataclass), then one file per noun: `site` (this instance and
its settings), `peer` (other servers), `actor` (people and communities, local and remote, with keys
and names), `follow`, `post`, `comment`, `vote`, `revision` (what was there before an edit),
`message` (private ones), `outside_mention` (of members, in posts that have no place here),
`moderation` (moderators, bans, reports, modlog, markers), `account`
(local logins, sessions, invitations), `mail` (the queue of e-mail), `notification`, `personal`
(what members keep for themselves), `media` (pictures and previews of links), `omission` (what a
backfill left out), `restriction` (what authors elsewhere do not allow others),
`boost` (of what was written here).
"""
