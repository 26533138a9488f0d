import pytest

from fedcom.rules.links import is_picture, normal_link, possible_beginnings

PAGE = "https://news.example/a/b?id=7&x=y"


@pytest.mark.parametrize(
    "url",
    [
        "http://news.example/a/b?id=7&x=y",
        "https://www.news.example/a/b?x=y&id=7",
        "https://NEWS.example:443/a/b/?id=7&x=y#comments",
        "https://news.example/a/b?utm_source=mail&id=7&x=y&fbclid=IwAR0&UTM_Campaign=z",
        " https://news.example/a/b?id=7&x=y ",
    ],
)
def test_links_to_the_same_page_are_found_out(url):
    assert normal_link(url) == normal_link(PAGE)
    assert url.strip().lower().startswith(possible_beginnings(PAGE))


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/a/b",
        "https://news.example/a/b?id=8&x=y",
        "https://news.example/A/b?id=7&x=y",
        "https://news.example:8443/a/b?id=7&x=y",
        "https://other.example/a/b?id=7&x=y",
        "https://news.example/a/b?id=7&x=y&utm=1",
    ],
)
def test_links_to_other_pages_are_not(url):
    assert normal_link(url) != normal_link(PAGE)


@pytest.mark.parametrize("url", ["https://[::1", "https://a.example:99999/", "", "x"])
def test_values_that_are_not_links_are_left_unchanged(url):
    assert normal_link(url) == url


def test_a_link_to_a_picture_is_known_by_the_ending_of_its_path():
    assert is_picture("https://a.example/b/C.WebP?width=1")
    assert not is_picture("https://a.example/?file=c.png")
    assert not is_picture("https://[a.example/c.png")


def test_a_page_of_very_many_parameters_is_compared_as_it_is_written():
    url = "https://a.example/?" + "&".join(f"a{number}=1" for number in range(300))
    assert normal_link(url) == url
