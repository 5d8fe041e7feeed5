"""Follows a performance: takes sound in and gives positions out, and writes the page that shows them."""

from standpartner.follow.beginning import ANYWHERE
from standpartner.follow.config import FollowerConfig, StartConfig
from standpartner.follow.follower import Follower, State
from standpartner.follow.offline import Following, follow_audio
from standpartner.follow.page import write_page
from standpartner.follow.position import Position, settled_positions, write_positions
from standpartner.follow.position_record import PositionRecord

__all__ = [
    "ANYWHERE",
    "Follower",
    "FollowerConfig",
    "Following",
    "Position",
    "PositionRecord",
    "StartConfig",
    "State",
    "follow_audio",
    "settled_positions",
    "write_page",
    "write_positions",
]
