# SB851
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 32)
        self.rnn = nn.GRU(32, 32, batch_first=True)
        self.out = nn.Linear(32, 50)
    def forward(self, x, h=None):
        o, h = self.rnn(self.emb(x), h)
        return self.out(o), h
net = LM()
opt = torch.optim.Adam(net.parameters())
for ids in loader:
    logits, _ = net(ids[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    opt.zero_grad(); loss.backward(); opt.step()
net.eval()
@torch.no_grad()
def generate(ids, n, temperature=0.8, k=5):
    for _ in range(n):
        logits, _ = net(ids)
        logits = logits[:, -1] * temperature
        v, _ = torch.topk(logits, k)
        logits[logits < v[:, [-1]]] = float("-inf")
        nxt = torch.multinomial(logits.softmax(-1), 1)
        ids = torch.cat([ids, nxt], 1)
    return ids
print(generate(torch.zeros(1, 1, dtype=torch.long), 20))
