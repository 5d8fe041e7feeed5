"""Makes engraved music look like scans and photos, and carries its true positions along."""

from standpartner.degrade.geometry import PageMap
from standpartner.degrade.photo import Photo, PhotoLook, PhotoRanges, photograph
from standpartner.degrade.pictures import write_pdf, write_png_pages
from standpartner.degrade.scan import ScanLook, ScanRanges, old_print_style, scan
from standpartner.degrade.statistics import PrintStatistics, print_statistics
from standpartner.degrade.strips import StripLook, print_strip
from standpartner.degrade.truth import (
    PrintedPage,
    SystemTruth,
    engraved_pages,
    photograph_page,
    scan_page,
    scan_strip,
)

__all__ = [
    "PageMap",
    "Photo",
    "PhotoLook",
    "PhotoRanges",
    "PrintStatistics",
    "PrintedPage",
    "ScanLook",
    "ScanRanges",
    "StripLook",
    "SystemTruth",
    "engraved_pages",
    "old_print_style",
    "photograph",
    "photograph_page",
    "print_statistics",
    "print_strip",
    "scan",
    "scan_page",
    "scan_strip",
    "write_pdf",
    "write_png_pages",
]
