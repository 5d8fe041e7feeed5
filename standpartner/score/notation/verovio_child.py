"""The child process that engraves.

Its command is ``python -m standpartner.score.notation.verovio_child MAX_PAGES STYLE IN OUT [IN OUT ...]``. STYLE is an
engraving style as JSON. For each pair of files it writes one line of JSON to standard output:
``{"input": ..., "error": null or a sentence}``. Verovio's own words go to standard error.
"""

import json
import sys
from pathlib import Path

from standpartner.errors import StandpartnerError
from standpartner.score.files import save_score
from standpartner.score.notation.engrave import engrave
from standpartner.score.notation.engraving_style import EngravingStyle


def main(arguments: list[str]) -> int:
    """Engrave each input file into its output file, reporting each as soon as it is done."""
    if len(arguments) < 4 or len(arguments) % 2:
        sys.stderr.write("usage: verovio_child MAX_PAGES STYLE IN OUT [IN OUT ...]\n")
        return 2
    max_pages, style, paths = int(arguments[0]), EngravingStyle(**json.loads(arguments[1])), arguments[2:]
    for source, target in zip(paths[::2], paths[1::2], strict=True):
        error = _engrave_one(Path(source), Path(target), max_pages=max_pages, style=style)
        sys.stdout.write(json.dumps({"input": source, "error": error}) + "\n")
        sys.stdout.flush()
    return 0


def _engrave_one(source: Path, target: Path, *, max_pages: int, style: EngravingStyle) -> str | None:
    try:
        save_score(engrave(source, max_pages=max_pages, style=style), target)
    except StandpartnerError as error:
        return str(error)
    except Exception as error:  # whatever one file does must not lose the files after it
        return f"{source.name} could not be engraved ({type(error).__name__}: {error}); please report this file."
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
