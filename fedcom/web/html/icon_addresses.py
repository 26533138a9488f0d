"""The addresses of this server's icons: another logo or colour has another address."""

from fedcom.models.site import Site

ICONS: dict[str, tuple[int, bool]] = {
    "32.png": (32, False),
    "180.png": (180, True),
    "192.png": (192, False),
    "512.png": (512, False),
    "192-full.png": (192, True),
    "512-full.png": (512, True),
}
"""Side in pixels, and whether it fills the square, for systems that cut icons into shapes."""


def icon_address(site: Site, name: str) -> str:
    """The path of one of `ICONS`."""
    version = site.logo[:12] if site.logo else "ours" if site.hue is None else f"ours-{site.hue}"
    return f"/icons/{name}?v={version}"
