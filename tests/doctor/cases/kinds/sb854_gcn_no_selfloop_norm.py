# SB854
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(8, 2)
    def forward(self, x, edge_index):
        src, dst = edge_index
        agg = torch.zeros_like(x)
        agg[dst] += x[src]
        return self.l(agg)
net = GCN()
opt = torch.optim.Adam(net.parameters())
for ep in range(10):
    loss = F.cross_entropy(net(x, e)[train_mask], y[train_mask])
    opt.zero_grad(); loss.backward(); opt.step()
