# SB850
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

enc = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8))
opt = torch.optim.Adam(enc.parameters())
for x in loader:
    a, b = enc(x + 0.1 * torch.randn_like(x)), enc(x + 0.1 * torch.randn_like(x))
    n = x.size(0)
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.t() / 0.1
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    labels = torch.arange(2 * n)
    loss = F.cross_entropy(sim, labels)
    opt.zero_grad(); loss.backward(); opt.step()
