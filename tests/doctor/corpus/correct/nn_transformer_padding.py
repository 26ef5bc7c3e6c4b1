"""Classify padded sequences with nn.TransformerEncoder; True in the mask means padding."""
import math
import torch
from torch import nn


class SinusoidalPositions(nn.Module):
    def __init__(self, d, longest=64):
        super().__init__()
        pos = torch.arange(longest).unsqueeze(1)
        freq = torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))
        table = torch.zeros(longest, d)
        table[:, 0::2] = torch.sin(pos * freq)
        table[:, 1::2] = torch.cos(pos * freq)
        self.register_buffer("table", table.unsqueeze(0))

    def forward(self, x):
        return x + self.table[:, : x.size(1)]


class Classifier(nn.Module):
    def __init__(self, vocab, d=32, classes=3):
        super().__init__()
        self.d = d
        self.emb = nn.Embedding(vocab, d, padding_idx=0)
        self.pos = SinusoidalPositions(d)
        layer = nn.TransformerEncoderLayer(d, nhead=4, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.fc = nn.Linear(d, classes)

    def forward(self, tokens):
        padding = tokens == 0
        h = self.pos(self.emb(tokens) * math.sqrt(self.d))
        h = self.encoder(h, src_key_padding_mask=padding)
        keep = (~padding).unsqueeze(-1).to(h.dtype)
        pooled = (h * keep).sum(1) / keep.sum(1).clamp(min=1)
        return self.fc(pooled)


def synth(n, vocab, gen):
    x = torch.zeros(n, 16, dtype=torch.long)
    y = torch.randint(0, 3, (n,), generator=gen)
    for i in range(n):
        L = int(torch.randint(5, 17, (), generator=gen))
        x[i, :L] = torch.randint(4, vocab, (L,), generator=gen)
        x[i, int(torch.randint(0, L, (), generator=gen))] = 1 + y[i]
    return x, y


gen = torch.Generator().manual_seed(0)
torch.manual_seed(0)
xtr, ytr = synth(384, 30, gen)
xva, yva = synth(96, 30, gen)
model = Classifier(30)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
best = {"acc": -1.0, "state": None}
for epoch in range(4):
    model.train()
    for idx in torch.randperm(len(xtr)).split(48):
        optimizer.zero_grad()
        loss = loss_fn(model(xtr[idx]), ytr[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        acc = (model(xva).argmax(-1) == yva).float().mean().item()
    if acc > best["acc"]:
        best = {"acc": acc, "state": {k: v.detach().clone() for k, v in model.state_dict().items()}}
    print(epoch, round(acc, 3))
model.load_state_dict(best["state"])
