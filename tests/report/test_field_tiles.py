"""Tiles of a field picture: boxes lie around a field's pixels, colours are the panels'."""

from dataclasses import replace

import numpy as np
from matplotlib.colors import to_rgba

from mnistops.field_pictures import FieldPicture, FieldVariant
from mnistops.report.field_panels import MISSED, draw_counts, draw_effective, scale_of
from mnistops.report.field_tiles import NOTHING, LayerTiles, Rectangle, field_tiles
from mnistops.report.fields import statement, verdict
from mnistops.report.figure import new_figure
from tests.dossiers import made_picture
from tests.report.test_png import image_of


def tiles_of(picture: FieldPicture) -> LayerTiles:
    (tiles,) = field_tiles(picture).layers
    return tiles


def changed(**values: object) -> FieldPicture:
    picture = made_picture()
    layer = replace(picture.variants[0].layers[0], **values)  # type: ignore[arg-type]
    return replace(picture, variants=(FieldVariant(None, (layer,)),))


def test_boxes_lie_around_whole_pixels() -> None:
    tiles = tiles_of(changed(field=((3, 6), (10, 20)), clipped=((3, 6), (10, 20))))
    assert tiles.field == Rectangle(10, 3, 11, 4)
    assert tiles.rest is None


def test_a_field_that_reaches_out_has_a_box_of_its_own_within_the_tile() -> None:
    sheet = field_tiles(made_picture())
    (tiles,) = sheet.layers
    assert tiles.field == sheet.image == Rectangle(0, 0, 28, 28)
    assert tiles.rest == Rectangle(-2, -1, 32, 30)
    assert sheet.wide_frame == Rectangle(-3, -3, 34, 34)
    assert sheet.frame == Rectangle(0, 0, 28, 28)


def test_what_goes_on_beyond_the_tile_is_cut_before_its_edge() -> None:
    sheet = field_tiles(changed(field=((-500, 500), (-500, 500))))
    rest, frame = sheet.layers[0].rest, sheet.wide_frame
    assert rest is not None
    assert frame.x < rest.x < 0 < 28 < rest.x + rest.width < frame.x + frame.width


def test_a_field_outside_the_image_has_no_box_in_it() -> None:
    tiles = tiles_of(changed(field=((40, 50), (40, 50)), clipped=None, counts=np.zeros((28, 28))))
    assert tiles.field is None
    assert (tiles.least_paths, tiles.most_paths) == ("0", "0")


def test_tiles_of_an_image_that_is_no_square_are_square_around_it() -> None:
    picture = replace(
        changed(
            counts=np.ones((20, 30)),
            missed=np.zeros((20, 30), bool),
            effective=None,
            field=((0, 19), (0, 29)),
            clipped=((0, 19), (0, 29)),
        ),
        digit=np.zeros((20, 30)),
    )
    sheet = field_tiles(picture)
    assert (sheet.image, sheet.frame) == (Rectangle(0, 0, 30, 20), Rectangle(0, -5, 30, 30))
    assert sheet.layers[0].effective is None


def test_colours_are_those_of_the_panels_but_for_the_ground() -> None:
    layer = made_picture().variants[0].layers[0]
    layer = replace(layer, field=((2, 9), (4, 12)), clipped=((2, 9), (4, 12)))
    layer = replace(
        layer,
        counts=np.where(_inside(layer.counts), layer.counts, 0),
        effective=_inside(layer.counts) / 2,
    )
    tiles = tiles_of(replace(made_picture(), variants=(FieldVariant(None, (layer,)),)))
    assert tiles.effective is not None
    left, right = new_figure(2, 2).subplots(1, 2)
    draw_effective(left, layer)
    draw_counts(right, layer, scale_of([layer.counts]))
    for axes, picture in ((left, tiles.effective), (right, tiles.paths)):
        drawn = np.rint(255 * np.asarray(axes.images[0].get_array()))
        shown = np.asarray(image_of(picture))
        assert np.array_equal(shown[_inside(shown)], drawn[_inside(shown)])
        assert not shown[..., 3][~_inside(shown)].any()
    missed = np.asarray(image_of(tiles.paths))[5, 5]
    assert missed.tolist() == [round(255 * value) for value in to_rgba(MISSED)]
    assert to_rgba(NOTHING)[3] == 0


def _inside(
    pixels: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    inside = np.zeros(pixels.shape[:2], bool)
    inside[2:10, 4:13] = True
    return inside


def test_it_says_what_the_figure_says() -> None:
    picture = made_picture()
    sheet = field_tiles(picture)
    assert sheet.verdict == verdict(picture)
    (tiles,) = sheet.layers
    assert tiles.statement == statement(tiles.layer)
    assert tiles.operation == "Conv2d 3 x 3, dilation 2"
    assert (tiles.least_paths, tiles.most_paths) == ("1", "783")


def test_the_digit_is_ink() -> None:
    pixels = np.asarray(image_of(field_tiles(made_picture()).digit))
    assert np.array_equal(pixels[..., 1], np.rint(255 * made_picture().digit))
