"""Drawn pictures for the demo products: a quiet background, a shape or two, the same for the same name."""

import colorsys
import hashlib
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 640


def draw(name: str, file: Path) -> None:
    """Write the picture of `name` as WebP, unless it is there."""
    if file.exists():
        return
    seed = hashlib.sha256(name.encode()).digest()
    hue = seed[0] / 255
    picture = Image.linear_gradient("L").resize((SIZE, SIZE)).convert("L")
    image = Image.composite(_plain(hue, 0.10, 0.98), _plain(hue, 0.22, 0.88), picture)
    canvas = ImageDraw.Draw(image)
    _shadow(canvas)
    SHAPES[seed[1] % len(SHAPES)](
        canvas, _colour(hue + 0.5 + seed[2] / 1024, 0.45, 0.62), _colour(hue + 0.08, 0.5, 0.42)
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, "WEBP", quality=80, method=0)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _plain(hue: float, saturation: float, value: float) -> Image.Image:
    return Image.new("RGB", (SIZE, SIZE), _colour(hue, saturation, value))


def _shadow(canvas: ImageDraw.ImageDraw) -> None:
    canvas.ellipse((150, 500, 490, 545), fill=(190, 188, 184))


Colour = tuple[int, int, int]


def _lamp(canvas: ImageDraw.ImageDraw, main: Colour, accent: Colour) -> None:
    canvas.polygon([(230, 140), (410, 140), (470, 300), (170, 300)], fill=main)
    canvas.rectangle((310, 300, 330, 500), fill=accent)
    canvas.rounded_rectangle((230, 490, 410, 520), 15, fill=accent)


def _jar(canvas: ImageDraw.ImageDraw, main: Colour, accent: Colour) -> None:
    canvas.rounded_rectangle((210, 200, 430, 520), 70, fill=main)
    canvas.rounded_rectangle((250, 150, 390, 215), 16, fill=accent)


def _box(canvas: ImageDraw.ImageDraw, main: Colour, accent: Colour) -> None:
    canvas.rounded_rectangle((170, 220, 470, 520), 26, fill=main)
    canvas.arc((240, 130, 400, 320), 180, 360, fill=accent, width=22)


def _disc(canvas: ImageDraw.ImageDraw, main: Colour, accent: Colour) -> None:
    canvas.ellipse((160, 190, 480, 510), fill=main)
    canvas.ellipse((250, 280, 390, 420), fill=accent)
    canvas.ellipse((305, 335, 335, 365), fill=main)


def _fold(canvas: ImageDraw.ImageDraw, main: Colour, accent: Colour) -> None:
    canvas.polygon([(180, 260), (320, 180), (460, 260), (460, 500), (320, 530), (180, 500)], fill=main)
    canvas.polygon([(320, 300), (460, 260), (460, 500), (320, 530)], fill=accent)


SHAPES = (_lamp, _jar, _box, _disc, _fold)
