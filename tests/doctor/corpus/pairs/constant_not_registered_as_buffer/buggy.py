import math
import torch
import torch.nn as nn


class PositionalEncoding(nn.Module):
    def __init__(self, d, max_len=64):
        super().__init__()
        pos = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))
        pe = torch.zeros(max_len, d)
        pe[:, 0::2] = torch.sin(pos * div)
        pe[:, 1::2] = torch.cos(pos * div)
        self.pe = pe

    def forward(self, x):
        return x + self.pe[: x.size(1)]


class Model(nn.Module):
    def __init__(self, vocab=10, d=16):
        super().__init__()
        self.emb = nn.Embedding(vocab, d)
        self.pos = PositionalEncoding(d)
        self.enc = nn.TransformerEncoderLayer(d, 2, 32, dropout=0.0, batch_first=True)
        self.out = nn.Linear(d, 2)

    def forward(self, s):
        return self.out(self.enc(self.pos(self.emb(s))).mean(1))


device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(7)
s = torch.randint(0, 10, (300, 8), device=device)
y = (s[:, 0] > s[:, -1]).long()
model = Model().to(device)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(3):
    model.train()
    for i in torch.randperm(300, device=device).split(30):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(s[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
