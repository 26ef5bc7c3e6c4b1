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
        self.qkv = nn.Linear(32, 96)
        self.fc = nn.Linear(32, 100)
    def forward(self, ids):
        q, k, v = self.qkv(self.emb(ids)).chunk(3, -1)
        mask = torch.triu(torch.ones(ids.size(1), ids.size(1), dtype=torch.bool), diagonal=1)
        h = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.fc(h)
net = Net()
opt = torch.optim.Adam(net.parameters())
for ids in loader:
    loss = F.cross_entropy(net(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    opt.zero_grad(); loss.backward(); opt.step()
