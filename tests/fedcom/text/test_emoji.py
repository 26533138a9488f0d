from fedcom.text.emoji import EMOJI, find_emoji


def test_emoji_are_found_by_the_beginning_of_their_name_then_of_a_word_in_it() -> None:
    assert find_emoji("SMIL", 3) == [("smile", "😄"), ("smiley", "😃"), ("smiling_imp", "😈")]
    assert ("sweat_smile", "😅") in find_emoji("smile", 8)
    assert find_emoji("mile", 8) == []
    assert len(find_emoji("", 8)) == 8


def test_every_name_can_be_typed_and_stands_for_a_picture() -> None:
    for name, character in EMOJI.items():
        assert name.replace("_", "").isalpha(), name
        assert not character.isascii(), name
