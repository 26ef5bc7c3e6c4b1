from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    d: int = 32
    heads: int = 2
    p: float = 0.3
    vocab: int = 14
    length: int = 12
    epochs: int = 6


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.heads, self.p = c.heads, c.p
        self.qkv = nn.Linear(c.d, 3 * c.d)
        self.out = nn.Linear(c.d, c.d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        p = self.p if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=p)
        return self.out(y.transpose(1, 2).reshape(b, t, d))


class Classifier(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.emb = nn.Embedding(c.vocab, c.d)
        self.pos = nn.Parameter(torch.randn(c.length, c.d) * 0.1)
        self.n1, self.n2 = nn.LayerNorm(c.d), nn.LayerNorm(c.d)
        self.att = Attention(c)
        self.ff = nn.Sequential(nn.Linear(c.d, 64), nn.GELU(), nn.Dropout(c.p), nn.Linear(64, c.d))
        self.cls = nn.Linear(c.d, 3)

    def forward(self, ids):
        x = self.emb(ids) + self.pos
        x = x + self.att(self.n1(x))
        x = x + self.ff(self.n2(x))
        return self.cls(x.mean(1))


def dataset(n, c, seed):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, c.vocab, (n, c.length), generator=g)
    score = (ids == 3).sum(1) - (ids == 8).sum(1)
    return ids, score.sign() + 1


def evaluate(model, ids, y):
    model.eval()
    with torch.no_grad():
        logits = model(ids)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


c = Config()
torch.manual_seed(1)
x, y = dataset(1200, c, 0)
xv, yv = dataset(400, c, 1)
net = Classifier(c)
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(c.epochs):
    net.train()
    for i in torch.randperm(len(x)).split(48):
        opt.zero_grad()
        F.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
    print(epoch, "val loss %.4f acc %.4f" % evaluate(net, xv, yv))
