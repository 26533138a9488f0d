"""Custom emoji of the site, for admins."""

from fedcom.api.caller import Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.params import Id
from fedcom.api.v3.shapes.responses import SUCCESS, SuccessResponse
from fedcom.api.v3.shapes.site import CustomEmojiView, custom_emoji_view
from fedcom.site.decoration import create_emoji, delete_emoji, edit_emoji

resource = Resource()


class CustomEmojiResponse(Shape):
    """An emoji after a change."""

    custom_emoji: CustomEmojiView


class CreateCustomEmoji(Parameters):
    """A new emoji."""

    category: str
    shortcode: str
    image_url: str
    alt_text: str
    keywords: list[str]


@resource.writes("POST", "/custom_emoji")
def create_custom_emoji(caller: Caller, wanted: CreateCustomEmoji) -> CustomEmojiResponse:
    """Make an emoji that members may use in their texts."""
    caller.check_admin()
    made = create_emoji(
        caller.ctx,
        wanted.shortcode,
        wanted.image_url,
        alt=wanted.alt_text,
        category=wanted.category,
        keywords=wanted.keywords,
    )
    return CustomEmojiResponse(custom_emoji=custom_emoji_view(made))


class EditCustomEmoji(Parameters):
    """All but its shortcode, which stands in texts."""

    id: Id
    category: str
    image_url: str
    alt_text: str
    keywords: list[str]


@resource.writes("PUT", "/custom_emoji")
def edit_custom_emoji(caller: Caller, wanted: EditCustomEmoji) -> CustomEmojiResponse:
    """Change an emoji."""
    caller.check_admin()
    changed = edit_emoji(
        caller.ctx,
        wanted.id,
        wanted.image_url,
        alt=wanted.alt_text,
        category=wanted.category,
        keywords=wanted.keywords,
    )
    return CustomEmojiResponse(custom_emoji=custom_emoji_view(changed))


class DeleteCustomEmoji(Parameters):
    """One emoji."""

    id: Id


@resource.writes("POST", "/custom_emoji/delete")
def delete_custom_emoji(caller: Caller, wanted: DeleteCustomEmoji) -> SuccessResponse:
    """Delete an emoji."""
    caller.check_admin()
    delete_emoji(caller.ctx, wanted.id)
    return SUCCESS
