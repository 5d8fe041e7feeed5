"""Shows pictures of the game in a window on the screen; needs ``pip install "standpartner[window]"``."""

import os

import numpy as np
import numpy.typing as npt

from standpartner.errors import GameError, MissingExtraError

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
try:
    import pygame
except ImportError as error:
    raise MissingExtraError("pygame, which opens the window", 'pip install "standpartner[window]"') from error

_UNSEEN = ("offscreen", "dummy")  # the drivers to which SDL falls back without a display


class Window:
    """A window that shows one picture after the other. It opens with the first picture and takes its size."""

    def __init__(self, title: str) -> None:
        """Remember the title. Nothing is opened yet."""
        self._title = title
        self._surface: pygame.Surface | None = None

    def show(self, picture: npt.NDArray[np.uint8]) -> None:
        """Show a picture.

        Args:
            picture: An RGB picture, uint8 (height, width, 3), of the same size every time.

        Raises:
            GameError: There is no display.
        """
        if self._surface is None:
            self._surface = self._open(picture.shape[1], picture.shape[0])
        pygame.event.pump()  # without it the system says that the window does not respond
        pygame.surfarray.blit_array(self._surface, picture.transpose(1, 0, 2))
        pygame.display.flip()

    def close(self) -> None:
        """Close the window. The next picture opens it again."""
        if self._surface is not None:
            pygame.display.quit()
            self._surface = None

    def _open(self, width_px: int, height_px: int) -> pygame.Surface:
        try:
            pygame.display.init()
            unseen = pygame.display.get_driver() in _UNSEEN and "SDL_VIDEODRIVER" not in os.environ
        except pygame.error:
            unseen = True
        if unseen:
            pygame.display.quit()
            raise GameError(
                "there is no display to open a window on; use render_mode='rgb_array', or set the environment variable "
                "SDL_VIDEODRIVER=dummy to go on unseen"
            )
        pygame.display.set_caption(self._title)
        return pygame.display.set_mode((width_px, height_px))
