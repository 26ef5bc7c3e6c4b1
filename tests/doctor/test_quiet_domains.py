"""Correct programs of many domains (reinforcement learning, generative models, graphs): no finding may appear."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

HEAD = """import argparse, collections, copy, math, os, random
from collections import deque, namedtuple
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
import gymnasium as gym
torch.manual_seed(0); random.seed(0); np.random.seed(0)
"""
PROGRAMS = [
    (block.partition("\n")[0], block.partition("\n")[2])
    for file in sorted((Path(__file__).parent / "quiet").glob("*.txt"))
    for block in re.split(r"^#### ", file.read_text(), flags=re.MULTILINE)[1:]
]


@pytest.mark.parametrize(("title", "body"), PROGRAMS, ids=[t for t, _ in PROGRAMS])
def test_a_correct_program_of_its_domain_stays_quiet(title: str, body: str) -> None:
    found = check_text(HEAD + body, strict=True)
    assert not [f"{f.code} line {f.line}: {f.title}" for f in found if f.severity >= Severity.WARNING], title
