"""Pictures: what stands where, in colours that can be found again."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from standpartner.errors import ConfigError
from standpartner.explain.traces.curve_panels import TimeLine
from standpartner.explain.traces.painter import Painter, shown_frames
from standpartner.explain.traces.presentation import Presentation
from standpartner.explain.traces.trace import Overlay
from standpartner.support.canvas import Box, Canvas, overlay
from standpartner.support.embed import drawing_png
from standpartner.support.palette import AGAINST, AGENT, FOR, TARGET


def columns_of(picture, colour, rows=slice(60, 330)):
    """Columns of a 720 px picture that hold much of a colour."""
    same = (np.abs(picture[rows].astype(int) - np.array(colour)) < 12).all(axis=-1)
    return np.flatnonzero(same.sum(axis=0) > 100)


@pytest.mark.parametrize("offset_px", [-20.0, 0.0, 35.0])
def test_agent_and_target_stand_where_they_are(clicks, made_up, offset_px):
    show = replace(clicks, trace=made_up(clicks.trace.track, offset_px))
    picture = Painter(show).paint(show.trace.first_frame + 20)
    assert picture.shape == (720, 1280, 3)
    agent, target = columns_of(picture, AGENT), columns_of(picture, TARGET)
    if offset_px:
        assert agent.mean() == pytest.approx(640, abs=2)
        assert (agent.mean() - target.mean()) / 1.7 == pytest.approx(offset_px, abs=1.5)
    else:
        assert target.mean() == pytest.approx(640, abs=2)


def test_the_strip_under_the_agent_is_that_of_its_position(clicks, made_up):
    show = replace(clicks, trace=made_up(clicks.trace.track, 0.0))
    picture = Painter(show).paint(show.trace.first_frame).astype(int)
    black = (picture[66:338] < 60).all(axis=-1).sum(axis=0)
    mark = int(show.trace.track.onset_x_px[1] - show.trace.track.onset_x_px[0])  # the next onset, not under a line
    assert black[round(640 + 1.7 * mark)] > 5
    assert black[round(640 + 1.7 * mark / 2)] == 0


def test_the_time_line_has_the_systems_of_the_passage_alone(clicks, monkeypatch):
    """A track may be a passage of the score: systems before it and behind it are not played."""
    target_px, drawn = clicks.trace.target_px, []
    lefts = np.array([0.0, target_px[0] - 10, target_px[30], target_px[-1] + 10])
    shown = replace(clicks, score=SimpleNamespace(systems=SimpleNamespace(strip_left_px=lefts)))
    monkeypatch.setattr(Canvas, "vertical_line", lambda self, x, top, bottom, **options: drawn.append((x, options)))
    frames = shown_frames(shown.trace.track)
    TimeLine(shown, Box(0, 0, frames - 1, 16), frames=frames).draw(Canvas(frames, 16, scale=1), 0)
    dashed = [x for x, options in drawn if "dash" in options]
    assert dashed == [clicks.trace.first_frame + int(np.searchsorted(target_px, target_px[30]))]


def test_a_lost_agent_is_said_to_be_lost(clicks, made_up):
    states = clicks.trace.states
    error = np.zeros(states)
    error[30:40] = 60.0
    show = replace(clicks, trace=made_up(clicks.trace.track, error))
    painter, first = Painter(show), show.trace.first_frame
    assert show.trace.lost_frame == first + 30
    badge = [painter.paint(first + state)[14, 1010:1120].mean(axis=0) for state in (20, 35, 60)]
    assert badge[1] == pytest.approx(TARGET, abs=3)
    for other in (0, 2):
        assert badge[other].min() > 200


def test_the_page_view_follows_over_the_pages(tiny_pieces, made_up):
    piece = tiny_pieces[0]
    trace = made_up(piece.tracks()[0], 10.0)
    show = Presentation(piece.score.title, "nobody", trace, piece.score, np.zeros(0, np.float32))
    painter = Painter(show, view="page", height_px=720)
    page = piece.score.pages[0]
    zoom = min(470 / page.shape[1], (720 - 46 - 42 - 6) / page.shape[0])
    left = 16 + (470 - page.shape[1] * zoom) / 2
    for state in (5, trace.states // 2):
        picture = painter.paint(trace.first_frame + state)
        place = piece.score.place(trace.position_px[state])
        y = round(46 + float(place.page_y_px) * zoom)
        seen = columns_of(np.repeat(picture[y - 4 : y + 4, :500], 20, axis=0), AGENT, slice(None))
        assert seen.mean() == pytest.approx(left + float(place.page_x_px) * zoom, abs=2)


def marked(*decisions):
    """Maps that speak right of the agent and above the middle, and against high sounds of the last four frames."""
    score = np.zeros((len(decisions), 40, 150), np.float32)
    score[:, 5:10, 100:110] = 1.0
    sound = np.zeros((len(decisions), 35, 78), np.float32)
    sound[:, -4:, 60:70] = -1.0
    return Overlay(np.array(decisions), score, sound, ("the action",) * len(decisions))


def test_an_attribution_is_laid_over_score_and_sound(clicks):
    show = replace(clicks, attribution=marked(12))
    painter, frame = Painter(show), clicks.trace.first_frame + 12
    changed = np.abs(painter.paint(frame).astype(int) - Painter(clicks).paint(frame)).sum(axis=-1) > 60
    rows, columns = np.nonzero(changed[66:338])
    assert (columns.min() + columns.max()) / 2 == pytest.approx(640 + 1.7 * 30, abs=2)
    assert 1.7 * 10 <= np.ptp(columns) <= 1.7 * (10 + 4 + 2), "spread by 2 px on either side"
    assert rows.mean() == pytest.approx(1.7 * (60 + 7.5), abs=4)
    inner = painter.sound.inner
    rows, columns = np.nonzero(changed[round(inner.top) : round(inner.bottom), 16:420])
    assert columns.min() + 16 > inner.right - inner.width * 0.12
    assert rows.mean() / inner.height == pytest.approx(1 - 65 / 78, abs=0.04)
    assert overlay(np.full((2, 2), 255, np.uint8), np.ones((2, 2)), 1.0).getpixel((0, 0)) == pytest.approx(
        tuple(round(0.15 * 255 + 0.85 * part) for part in FOR), abs=1
    )


def test_an_attribution_stays_on_its_notes_and_sounds_until_the_next_one(clicks):
    painter, plain = Painter(replace(clicks, attribution=marked(12, 40))), Painter(clicks)
    first, inner = clicks.trace.first_frame, painter.sound.inner

    def coloured(state):
        """Middle columns of the colours on score and sound; None without."""
        changed = np.abs(painter.paint(first + state).astype(int) - plain.paint(first + state)).sum(axis=-1) > 60
        sound = changed[round(inner.top) : round(inner.bottom), round(inner.left) : round(inner.right)]
        found = [np.flatnonzero(part.any(axis=0)) for part in (changed[66:338], sound)]
        return [columns.mean() if len(columns) else None for columns in found]

    assert coloured(11) == [None, None]
    explained, later, following = coloured(12), coloured(20), coloured(40)
    moved = clicks.trace.centre_px(20) - clicks.trace.centre_px(12)
    assert moved > 0
    assert explained[0] - later[0] == pytest.approx(1.7 * moved, abs=2)
    assert explained[1] - later[1] == pytest.approx(inner.width * 8 / 40, abs=2)
    assert following == pytest.approx(explained, abs=2)


def test_a_small_picture_keeps_the_colours_apart(clicks):
    picture = Painter(replace(clicks, attribution=marked(12))).paint(clicks.trace.first_frame + 12)
    with Image.open(io.BytesIO(drawing_png(picture))) as kept:
        small = np.asarray(kept.convert("RGB"))
    for colour in (FOR, AGAINST, AGENT, TARGET):
        place = np.argwhere((picture == np.array(colour)).all(axis=-1))[0]
        assert small[tuple(place)].tolist() == pytest.approx(colour, abs=6)


def test_what_is_shown_ends_a_second_after_the_last_onset(clicks):
    track = clicks.trace.track
    assert shown_frames(track) == min(len(track.spectrogram), track.last_frame + 21)
    Painter(clicks, height_px=360).paint(shown_frames(track) - 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"view": "round"}, "expected one of strip, page"),
        ({"height_px": 721}, "an even height from 360 to 2160"),
        ({"height_px": 100}, "an even height"),
        ({"view": "page"}, "no pages to view"),
    ],
)
def test_what_cannot_be_drawn(clicks, options, message):
    with pytest.raises(ConfigError, match=message):
        Painter(clicks, **options)
