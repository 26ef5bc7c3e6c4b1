"""Lets the tests here import what lies beside them; ``measure.py`` is a command too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
