import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

G = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
og = torch.optim.Adam(G.parameters(), lr=2e-4)
od = torch.optim.Adam(D.parameters(), lr=2e-4)
bce = nn.BCEWithLogitsLoss()
for real in loader:
    n = real.size(0)
    one, zero = torch.ones(n, 1), torch.zeros(n, 1)
    fake = G(torch.randn(n, 8))
    d_loss = bce(D(real), one) + bce(D(fake.detach()), zero)
    od.zero_grad()
    d_loss.backward()
    od.step()
    g_loss = bce(D(fake), one)
    og.zero_grad()
    g_loss.backward()
    og.step()
