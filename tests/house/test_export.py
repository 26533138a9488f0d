"""Every table with a member's own rows is part of the export of their data."""

from fedcom.effects import wipe
from fedcom.personal.export import PARTS

NOT_EXPORTED = {
    "account": "is in the head of the export",
    "sent_form": "has digests of what was sent, for a week",
    "import_item": "has what the member uploaded, until the next import",
    "invited_member": "names another member, and is for admins only",
    "password_reset": "has the digest of a link",
    "two_factor": "has the secret of the member's authenticator app",
    "passkey_challenge": "has the digest of what a device is to sign",
    "recovery_code": "has digests of codes that log in",
    "boost": "is made on other servers only",
    "outside_mention": "is written on other servers only",
}
"""Tables that the export leaves out, with the reason."""


def test_every_table_that_is_wiped_with_its_member_is_exported() -> None:
    columns = (*wipe.PERSONAL, *wipe.LOGIN, *wipe.BY_ACTION, *wipe.CONTENT)
    exported = {part.key.table.name for part in PARTS}

    missing = {column.table.name for column in columns} - exported
    assert missing == set(NOT_EXPORTED), "add a part to fedcom/personal/export.py"
