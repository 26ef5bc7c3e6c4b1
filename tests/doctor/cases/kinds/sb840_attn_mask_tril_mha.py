# SB840
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32)
        self.att = nn.MultiheadAttention(32, 4, batch_first=True)
        self.fc = nn.Linear(32, 100)
    def forward(self, ids):
        h = self.emb(ids)
        mask = torch.tril(torch.ones(ids.size(1), ids.size(1))).bool()
        h, _ = self.att(h, h, h, attn_mask=mask)
        return self.fc(h)
net = Net()
opt = torch.optim.Adam(net.parameters())
for ids in loader:
    loss = F.cross_entropy(net(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    opt.zero_grad(); loss.backward(); opt.step()
