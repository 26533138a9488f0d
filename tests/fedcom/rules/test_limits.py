import pytest

from fedcom.errors import Invalid
from fedcom.rules.limits import (
    MAX_BODY,
    MAX_COMMENT,
    MAX_URL,
    check_alt,
    check_body,
    check_comment,
    check_content_warning,
    check_display_name,
    check_title,
    check_url,
)


@pytest.mark.parametrize(
    ("check", "given", "stored"),
    [
        (check_title, "  A  title\n here ", "A title here"),
        (check_title, "x" * 200, "x" * 200),
        (check_title, "\U0001f468\u200d\U0001f469 us", "\U0001f468\u200d\U0001f469 us"),
        (check_title, "e\u0301 in NFC", "\u00e9 in NFC"),
        (check_title, "\U0001faff, reserved for an emoji", "\U0001faff, reserved for an emoji"),
        (check_title, "exe\u202egnp", "exegnp"),
        (check_title, "a\x00bc", "abc"),
        (check_title, "abc\ud800", "abc"),
        (check_title, "abc\ue000\ufdd0", "abc"),
        (check_title, "\ufeffDonau\u00addampf", "Donaudampf"),
        (check_title, "and/\u200bor", "and/or"),
        (check_display_name, "boss\u200b", "boss"),
        (check_display_name, "a\u202eb", "ab"),
        (check_display_name, " Ann  B ", "Ann B"),
        (check_display_name, " ", ""),
        (check_display_name, "x" * 64, "x" * 64),
        (check_body, " a\r\nb\rc ", "a\nb\nc"),
        (check_body, "", ""),
        (check_body, "x" * MAX_BODY, "x" * MAX_BODY),
        (check_comment, "x" * MAX_COMMENT, "x" * MAX_COMMENT),
        (check_url, " https://a.example/x?y#z ", "https://a.example/x?y#z"),
        (check_url, "HTTP://a.example:8080", "HTTP://a.example:8080"),
        (check_url, "https://bücher.example/ü", "https://bücher.example/ü"),
        (check_url, "https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        (check_url, "https://a.example/@ann", "https://a.example/@ann"),
        (check_url, "https://a.example/?f=Sans|Roboto", "https://a.example/?f=Sans%7CRoboto"),
        (
            check_url,
            'https://a.example/{"a"}^`\\<b>',
            "https://a.example/%7B%22a%22%7D%5E%60%5C%3Cb%3E",
        ),
        (check_url, "https://a.example/a%2Fb%20?q=%5B1%5D", "https://a.example/a%2Fb%20?q=%5B1%5D"),
        (check_url, "https://a.example/" + "x" * (MAX_URL - 18), None),
    ],
)
def test_values_within_the_limits_are_stored(check, given, stored):
    assert check(given) == (given if stored is None else stored)


@pytest.mark.parametrize(
    ("check", "given", "code"),
    [
        (check_title, " ab ", "title_too_short"),
        (check_title, "", "title_too_short"),
        (check_title, "x" * 201, "title_too_long"),
        (check_title, "\u200b\u200b\u200b", "title_characters"),
        (check_title, "\u2800\u2800\u2800", "title_characters"),
        (check_title, "\u3164 \u3164", "title_characters"),
        (check_title, "\u0301\u0301\u0301", "title_characters"),
        (check_title, "a\u200b\u200b", "title_too_short"),
        (check_display_name, "\u2800\u2800", "display_name_characters"),
        (check_display_name, "\u200b", "display_name_characters"),
        (check_alt, "\u115f", "alt_characters"),
        (check_content_warning, "\U000e0041", "content_warning_characters"),
        (check_title, "\u0958" * 150, "title_too_long"),  # two characters each in NFC
        (check_title, "a" + "\u0327\u0301" * 500_000, "title_too_long"),
        (check_display_name, "x" * 65, "display_name_too_long"),
        (check_body, "x" * (MAX_BODY + 1), "body_too_long"),
        (check_body, "a\x00b", "body_characters"),
        (check_body, "a\udfff", "body_characters"),
        (check_comment, "x" * (MAX_COMMENT + 1), "body_too_long"),
        (check_comment, " \n ", "comment_empty"),
        (check_url, "https://a.example/" + "x" * (MAX_URL - 17), "url_too_long"),
        (check_url, "https://a.example/" + "ü" * 331, "url_too_long"),  # six characters each
        (check_url, "javascript:alert(1)", "url_scheme"),
        (check_url, "data:text/html,x", "url_scheme"),
        (check_url, "//a.example", "url_scheme"),
        (check_url, "ftp://a.example", "url_scheme"),
        (check_url, "", "url_scheme"),
        (check_url, "https://", "url_host"),
        (check_url, "https:///x", "url_host"),
        (check_url, "https://?x", "url_host"),
        (check_url, "https://.", "url_host"),
        (check_url, "https://[::1", "url_host"),
        (check_url, "https://a.example:99999", "url_host"),
        (check_url, "https://a.example:x", "url_host"),
        (check_url, "https://good.example@evil.example/", "url_userinfo"),
        (check_url, "https://a.example\\@b.example/", "url_characters"),
        (check_url, "https://a.example/ x", "url_characters"),
        (check_url, "https://a.example/\tx", "url_characters"),
        (check_url, "https://a.example/\u202ex", "url_characters"),
        (check_url, 'https://a"b.example/x', "url_characters"),
        (check_url, "https://a.example/" + "|" * 1_000, "url_too_long"),
    ],
)
def test_values_beyond_the_limits_are_refused(check, given, code):
    with pytest.raises(Invalid) as caught:
        check(given)
    assert caught.value.code == code
