"""Draw the clefs that tell whether a page stands on its head: the mean of Verovio's fonts.

Writes standpartner/score/print/clefs.png: the treble clef above the bass clef, lines 12 px apart.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np

from standpartner.score import EngravingStyle, read_score
from standpartner.score.print.files import PicturePage
from standpartner.score.print.orientation import LEFT_END_PX, left_end
from standpartner.score.print.picture import straight_pages
from standpartner.score.print.staves import find_staves

FONTS = ("Leipzig", "Bravura", "Leland", "Petaluma", "Gootville")
TUNE = "X:1\nM:none\nL:1/4\nK:C clef={clef}\n" + "|".join(["z4"] + ["B4"] * 8) + "|]\n"


def main() -> None:
    rows = []
    for clef in ("treble", "bass"):
        seen = []
        for font in FONTS:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "clef.abc"
                path.write_text(TUNE.format(clef=clef), encoding="utf-8")
                score = read_score(path, style=EngravingStyle(font=font))
            (page,) = straight_pages(PicturePage(score.pages[0]))
            staves = find_staves(page.ink, page.scale)
            seen += [left_end(page.ink, staff).astype(np.float32) for staff in staves]
        rows.append(np.mean(seen, axis=0)[:, :LEFT_END_PX])
    picture = np.rint(255 * (1 - np.concatenate(rows))).astype(np.uint8)
    target = Path(__file__).parents[1] / "standpartner" / "score" / "print" / "clefs.png"
    cv2.imwrite(str(target), picture)
    print(f"{target}: {picture.shape}")


if __name__ == "__main__":
    main()
