"""Measures how far an agent's confidence can be trusted, and fits it where the truth is known."""

from standpartner.evaluate.calibration.reliability import Reliability, draw_reliability, reliability
from standpartner.evaluate.calibration.run import (
    CalibrationConfig,
    MeasuredCalibration,
    calibrate,
    measure_calibration,
)

__all__ = [
    "CalibrationConfig",
    "MeasuredCalibration",
    "Reliability",
    "calibrate",
    "draw_reliability",
    "measure_calibration",
    "reliability",
]
