import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttnPool(nn.Module):
    def __init__(self, vocab, dim, classes):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.q = nn.Parameter(torch.randn(dim) / math.sqrt(dim))
        self.out = nn.Linear(dim, classes)

    def forward(self, ids):
        e = self.emb(ids)
        scores = e @ self.q / math.sqrt(e.size(-1))
        scores = scores.masked_fill(ids == 0, float("-inf"))
        w = F.softmax(scores, dim=1)
        return self.out((w.unsqueeze(-1) * e).sum(1))


torch.manual_seed(17)
n, T, V = 500, 12, 30
ids = torch.randint(1, V, (n, T))
lens = torch.randint(3, T + 1, (n,))
ids[torch.arange(T)[None, :] >= lens[:, None]] = 0
target = ((ids > 0) & (ids < V // 2)).sum(1).mul(2).gt(lens).long()

model = AttnPool(V, 16, 2)
optim = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for b in torch.randperm(400).split(40):
        optim.zero_grad()
        F.cross_entropy(model(ids[b]), target[b]).backward()
        optim.step()
    model.eval()
    with torch.no_grad():
        acc = (model(ids[400:]).argmax(1) == target[400:]).float().mean()
    print(f"epoch {epoch}: {acc:.3f}")
