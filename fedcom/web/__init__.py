"""The HTML pages, rendered on the server and complete without scripts.

In reading order: `routes` (every address), `html` (the machinery: requests, templates, forms); then
one file per group of pages: `feeds` (lists of posts), `communities`, `posts` (writing them) with
`community_picker` (where to), `completion` (of names while writing), `threads` (reading and
replying) with `comment_lines` (each comment), `thread_choice` (their order) and `thread_news`
(whether there are more), `content` (the buttons below posts and comments), `history` (earlier
versions), `voters`, `pictures` and `media` (uploading and serving them), `moderation`,
`community_deletion`, `purge`, `reports` with `report_selection` (several at once),
`moderation_history` (all about a person), `appeals` and `rules`, `saved` and `drafts` (a member's
own lists), `guide` (help), `people`, `notifications`, `notification_settings`, `push` (to
browsers), `messages`, `syndication` and `private_feeds` (lists for feed readers), `settings`,
`settings_import`, `two_factor`, `passkeys`, `own_data` (export, deletion), `search`, `sign_in`,
`welcome` (a new member's first page), `password_reset`, `email` (the pages behind links in e-mail),
`invitations` (by members), `setup`, `admin`, `admin_first_steps`, `admin_people`, `admin_accounts`
(new ones), `admin_uploads`, `admin_policies`, `admin_decoration` (taglines, emoji),
`admin_statistics`, `admin_federation`, `admin_block_lists` (of servers), `admin_health`,
`site_pages` (about, privacy, …, and the announcement), `sharing` (addresses, oEmbed), `site_icons`,
`installing` (on home screens), `robots`, `security_txt`, `sitemap`.

A handler reads: form → page context → one action in a unit → redirect. Texts are marked for
translation with `_()`, `{% trans %}` and `i18n`.
"""
