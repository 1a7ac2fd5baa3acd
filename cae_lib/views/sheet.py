"""Pictures of a view packed for a page: all frames on one sheet."""

from base64 import b64encode
from io import BytesIO

from PIL import Image

from cae_lib.base.picture import rounded

HIGHEST = 16_383  # pixels: no WebP picture is higher


def sheet(pictures: list[bytes]) -> tuple[str, int, int]:
    """Pictures of one size as one picture, a data address; and the width and height of each.

    They lie below one another, in a further column to the right where one would be too high: so what does not change
    from one to the next is stored once.
    """
    frames = [Image.open(BytesIO(picture)) for picture in pictures]
    width, height = max(frame.width for frame in frames), max(frame.height for frame in frames)
    rows = min(HIGHEST // height, len(frames))
    whole = Image.new("RGB", (width * -(-len(frames) // rows), height * rows), "white")
    for k, frame in enumerate(frames):
        whole.paste(frame, (k // rows * width, k % rows * height))
    return webp(whole), width, height


def webp(picture: Image.Image) -> str:
    """A picture as a data address, with colours rounded as in `compact`; a lossy WebP would smear small pixels."""
    content = BytesIO()
    rounded(picture).save(content, "WEBP", lossless=True, method=1)  # higher methods take as long for larger files
    return f"data:image/webp;base64,{b64encode(content.getvalue()).decode()}"
