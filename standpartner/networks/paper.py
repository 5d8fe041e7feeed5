"""Defines the networks of the paper, layer by layer.

Henkel, Balke, Dorfer, Widmer, TISMIR 2019, doi 10.5334/tismir.31; the tables here are from the authors' code
(github.com/CPJKU/score_following_game, ``agents/networks_sheet_spec.py``: ``ScoreFollowingNetNottinghamLS`` and
``ScoreFollowingNetMSMDLCHSDeepDoLight``). All convolutions go without padding; there is no batch normalisation.

MM-Loc is the comparison by supervised localisation after Dorfer, Arzt, Widmer, ISMIR 2016, arXiv 1612.05050. Its
layers in the paper are not known to us. Here it has the agents' own towers, sees no differences and chooses among
bins of about the width of 2016 (390 px in 40 bins). So it differs from the agents in the way of learning alone.
"""

from dataclasses import replace
from typing import Final

from standpartner.agent.config import Convolution, WindowNetworkConfig

PAPER_NOTTINGHAM: Final = WindowNetworkConfig(
    game="nottingham",  # score window 40 x 150, spectrogram 78 x 40
    score=(
        Convolution(16, kernel=5, stride=(1, 2)),  # 36 x 73
        Convolution(32, stride=(2, 2)),  # 17 x 36
        Convolution(32, stride=(2, 2)),  # 8 x 17
        Convolution(64, stride=(1, 2)),  # 6 x 8: 3072
    ),
    spectrogram=(
        Convolution(16, stride=(2, 2)),  # 38 x 19
        Convolution(32, stride=(2, 2)),  # 18 x 9
        Convolution(32, stride=(2, 2)),  # 8 x 4
        Convolution(64),  # 6 x 2: 768
    ),
    joint=256,
    head=256,
)
PAPER_PIANO: Final = WindowNetworkConfig(
    game="piano",  # score window 80 x 256 (shown at half size), spectrogram 78 x 40
    score=(
        Convolution(16, kernel=5, stride=(1, 2)),  # 76 x 126
        Convolution(16),  # 74 x 124
        Convolution(32, stride=(2, 2)),  # 36 x 61
        Convolution(32, dropout=0.2),  # 34 x 59
        Convolution(32, stride=(2, 2)),  # 16 x 29
        Convolution(64, stride=(2, 2), dropout=0.2),  # 7 x 14
        Convolution(96, stride=(2, 2)),  # 3 x 6
        Convolution(96, kernel=1, dropout=0.2),  # 3 x 6: 1728
    ),
    spectrogram=(
        Convolution(16),  # 76 x 38
        Convolution(16),  # 74 x 36
        Convolution(32, stride=(2, 2)),  # 36 x 17
        Convolution(32, dropout=0.2),  # 34 x 15
        Convolution(64, stride=(2, 2)),  # 16 x 7
        Convolution(96, stride=(2, 2)),  # 7 x 3
        Convolution(96, kernel=1, dropout=0.2),  # 7 x 3: 2016
    ),
    tower=512,
    joint=512,
    head=256,
    head_dropout=0.2,
)
PAPER_NETWORKS: Final = {
    "paper-nottingham-places": replace(PAPER_NOTTINGHAM, places=30),  # of 5 strip px
    "paper-piano-places": replace(PAPER_PIANO, places=64),  # of 8 strip px
    "paper-nottingham": PAPER_NOTTINGHAM,
    "paper-piano": PAPER_PIANO,
    "paper-nottingham-mmloc": replace(PAPER_NOTTINGHAM, differences=False, bins=15),  # of 10 strip px
    "paper-piano-mmloc": replace(PAPER_PIANO, differences=False, bins=64),  # of 8 strip px
}
