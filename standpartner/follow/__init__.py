"""Following: audio in, positions out; and the page that shows them."""

from standpartner.follow.choice import agent_for
from standpartner.follow.config import FollowerConfig, StartConfig
from standpartner.follow.files import OutputError, check_writable, write_positions, write_text
from standpartner.follow.follower import ANYWHERE, Follower, State
from standpartner.follow.offline import Following, follow_audio
from standpartner.follow.page import write_page
from standpartner.follow.position import Position

__all__ = [
    "ANYWHERE",
    "Follower",
    "FollowerConfig",
    "Following",
    "OutputError",
    "Position",
    "StartConfig",
    "State",
    "agent_for",
    "check_writable",
    "follow_audio",
    "write_page",
    "write_positions",
    "write_text",
]
