"""The site, opened from the disk without a network, on a wide and on a narrow screen: pages, search, views."""

import pytest
from helpers.browser import watched_page
from helpers.site import CHAPTER, all_pages, build_site

pytestmark = pytest.mark.slow
SCREENS = pytest.mark.parametrize("width", [1280, 390])


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def page(browser, width):
    with watched_page(browser) as (page, errors):
        page.set_viewport_size({"width": width, "height": 900})
        page.on("request", lambda request: outside(request.url, errors))
        yield page
        assert errors == []


def outside(address: str, errors: list[str]) -> None:
    if not address.startswith(("file:", "data:", "blob:")):
        errors.append(f"asked the network for {address}")


@SCREENS
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_the_screen_and_has_no_error(site, page, width, theme):
    page.emulate_media(color_scheme=theme)
    for path in all_pages(site):
        page.goto(path.as_uri())
        assert page.locator("h1:visible, h2:visible").count(), path.name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        assert page.locator("html").get_attribute("data-theme") == theme
    page.goto((site / "notebooks" / f"{CHAPTER}.html").as_uri())
    picture = page.locator(".cell_output img[src*=_images]").first
    assert picture.evaluate("image => getComputedStyle(image).filter") == "none"


@SCREENS
def test_every_view_moves_by_keyboard(site, page, width):
    moved = []
    for path in all_pages(site):
        page.goto(path.as_uri())
        for view in page.locator(".cae-view").all():
            for slider in view.locator("input[type=range]:enabled").all():
                first, label = slider.input_value(), slider.get_attribute("aria-valuetext")
                slider.press("ArrowLeft" if first == slider.get_attribute("max") else "ArrowRight")
                assert slider.input_value() != first and slider.get_attribute("aria-valuetext") != label, path.name
                moved.append(path.stem)
    assert moved.count(CHAPTER) > 2 and {"index", "00_start_here", "02_autoencoders"} <= set(moved)


@SCREENS
def test_one_view_does_not_move_another(site, page, width):
    page.goto((site / "notebooks" / f"{CHAPTER}.html").as_uri())
    first, second = (page.locator(".cae-view", has_text=f"step {name}") for name in ("first", "second"))
    first.locator("input").press("ArrowRight")
    assert [view.locator("img").get_attribute("alt") for view in (first, second)] == ["picture b", "picture a"]


@SCREENS
def test_search_finds_a_word(site, page, width):
    page.goto((site / "index.html").as_uri())
    page.locator("button.search-button-field:visible, button.search-button:visible").first.click()
    page.keyboard.type("chessboard")
    page.keyboard.press("Enter")
    page.locator("#search-results ul.search li a", has_text="09 Better entropy models").first.click()
    page.wait_for_url("**/notebooks/09_better_entropy_models.html*")
    assert "chessboard" in page.locator("article").inner_text()


@SCREENS
def test_a_hint_unfolds_and_chapters_follow_one_another(site, page, width):
    page.goto((site / "notebooks" / "01_cnns.html").as_uri())
    hint = page.locator(".hints details").first
    assert not hint.locator("p").is_visible()
    hint.locator("summary").click()
    assert hint.locator("p").is_visible()
    page.locator("a.right-next").click()
    page.wait_for_url("**/02_autoencoders.html")
    page.locator("a", has_text="Slides").first.click()
    page.wait_for_url("**/02_autoencoders.slides.html*")
    assert page.locator(".reveal h1").first.is_visible()
