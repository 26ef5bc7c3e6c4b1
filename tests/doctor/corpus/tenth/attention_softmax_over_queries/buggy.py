import math

import torch
from torch import nn
import torch.nn.functional as F


class SelfAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.to_qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        # x: [batch, tokens, dim]
        q, k, v = self.to_qkv(x).chunk(3, dim=-1)
        scores = q @ k.transpose(1, 2) / math.sqrt(self.dim)
        attn = F.softmax(scores, dim=1)
        return self.proj(attn @ v)


class TopRecord(nn.Module):
    """Set of (score, class) records, the answer is the class of the record with the highest score."""

    def __init__(self, n_in, dim, n_classes):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(n_in, dim), nn.GELU(), nn.Linear(dim, dim))
        self.attn = SelfAttention(dim)
        self.out = nn.Linear(dim, n_classes)

    def forward(self, x):
        x = self.attn(self.embed(x))
        return self.out(x.mean(dim=1))


def sample(n, n_records=8, n_classes=4):
    score = torch.rand(n, n_records)
    label = torch.randint(0, n_classes, (n, n_records))
    x = torch.cat([score.unsqueeze(-1), F.one_hot(label, n_classes).float()], dim=-1)
    return x, label.gather(1, score.argmax(dim=1, keepdim=True)).squeeze(1)


torch.manual_seed(3)
x_train, y_train = sample(2000)
x_test, y_test = sample(400)
model = TopRecord(x_train.shape[-1], 32, 4)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)

for epoch in range(20):
    model.train()
    running = 0.0
    for idx in torch.randperm(len(x_train)).split(100):
        loss = F.cross_entropy(model(x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item() * len(idx)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: train loss {running / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    acc = (model(x_test).argmax(dim=-1) == y_test).float().mean()
print(f"test accuracy {acc:.3f}")
