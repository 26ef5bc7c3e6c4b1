import math
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(52)
PAD, V = 0, 14


def sentence(g):
    n = int(torch.randint(2, 30, (1,), generator=g))
    s = int(torch.randint(1, V, (1,), generator=g))
    out = [s]
    for _ in range(n):
        noise = int(torch.randint(1, V, (1,), generator=g))
        s = noise if torch.rand(1, generator=g) < 0.25 else s % (V - 1) + 1
        out.append(s)
    return torch.tensor(out)


def batches(data, size, shuffle):
    order = torch.randperm(len(data)).tolist() if shuffle else range(len(data))
    order = list(order)
    for i in range(0, len(order), size):
        part = pad_sequence([data[j] for j in order[i:i + size]], batch_first=True, padding_value=PAD)
        yield part[:, :-1], part[:, 1:]


class LM(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=PAD)
        self.gru = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, V)

    def forward(self, x):
        return self.out(self.gru(self.emb(x))[0])


def nll(model, x, y, reduction):
    return nn.functional.cross_entropy(model(x).transpose(1, 2), y, ignore_index=PAD, reduction=reduction)


@torch.no_grad()
def perplexity(model, data):
    model.eval()
    total, tokens = 0.0, 0
    for x, y in batches(data, 4, shuffle=False):
        total += nll(model, x, y, "sum").item()
        tokens += int((y != PAD).sum())
    return math.exp(total / tokens)


g = torch.Generator().manual_seed(2)
train, val = [sentence(g) for _ in range(240)], [sentence(g) for _ in range(100)]
model = LM()
opt = torch.optim.Adam(model.parameters(), lr=6e-3)
for epoch in range(5):
    model.train()
    for x, y in batches(train, 16, shuffle=True):
        opt.zero_grad()
        nll(model, x, y, "mean").backward()
        opt.step()
    print("epoch", epoch, "perplexity", round(perplexity(model, val), 3))
