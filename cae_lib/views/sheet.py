"""Pictures of a view packed for a page: all frames on one sheet."""

from base64 import b64encode
from io import BytesIO

from PIL import Image

HIGHEST = 16_383  # pixels: no WebP picture is higher


def sheet(pictures: list[bytes]) -> tuple[str, int, int]:
    """Pictures of one size as one picture, a data address; and the width and height of each.

    They lie below one another, in a further column to the right where one would be too high. There, WebP without loss
    takes an eighth of the bytes of the single pictures: what does not change from one to the next is stored once.
    """
    frames = [Image.open(BytesIO(picture)).convert("RGB") for picture in pictures]
    width, height = max(frame.width for frame in frames), max(frame.height for frame in frames)
    rows = min(HIGHEST // height, len(frames))
    whole = Image.new("RGB", (width * -(-len(frames) // rows), height * rows), "white")
    for k, frame in enumerate(frames):
        whole.paste(frame, (k // rows * width, k % rows * height))
    return webp(whole), width, height


def webp(picture: Image.Image) -> str:
    """A picture without loss as a data address."""
    content = BytesIO()
    picture.save(content, "WEBP", lossless=True, method=1)  # higher methods take as long for larger files
    return f"data:image/webp;base64,{b64encode(content.getvalue()).decode()}"


def compact(png: bytes) -> bytes:
    """The same picture in fewer bytes, for notebooks that keep it: without transparency, which no figure here has."""
    content = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(content, "PNG", optimize=True)
    return content.getvalue()
