import math
import torch
import torch.nn as nn
import torch.nn.functional as F

cfg = dict(seed=9, steps=120, batch=40, base_lr=5e-4, emb_lr=2e-2, wd=0.1, vocab=80, width=32, seq=12)
torch.manual_seed(cfg["seed"])


class AttnPool(nn.Module):
    """Text classifier: embedding, one attention query, LayerNorm, linear output."""

    def __init__(self, vocab, d, n_out=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, d)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.query = nn.Parameter(torch.randn(d) / math.sqrt(d))
        self.norm = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, n_out))

    def forward(self, tok):
        e = self.embed(tok)
        w = torch.softmax(e @ self.query, dim=1)
        return self.mlp(self.norm((w.unsqueeze(-1) * e).sum(1)))


def build_optimizer(model):
    matrices, vectors, tables = [], [], []
    for name, p in model.named_parameters():
        if name.startswith("embed"):
            tables.append(p)
        elif p.ndim >= 2:
            matrices.append(p)
        else:
            vectors.append(p)
    groups = [
        {"params": matrices, "weight_decay": 0.0},
        {"params": vectors, "weight_decay": cfg["wd"]},
        {"params": tables, "weight_decay": 0.0, "lr": cfg["emb_lr"]},
    ]
    return torch.optim.AdamW(groups, lr=cfg["base_lr"])


def texts(n):
    tok = torch.randint(cfg["vocab"], (n, cfg["seq"]))
    value = torch.where(tok < 10, 1.0, 0.0) - torch.where(tok >= 70, 1.0, 0.0)
    return tok, (value.sum(1) > 0).long()


train_tok, train_y = texts(1500)
test_tok, test_y = texts(500)
model = AttnPool(cfg["vocab"], cfg["width"])
opt = build_optimizer(model)

model.train()
for step in range(cfg["steps"]):
    pick = torch.randint(len(train_tok), (cfg["batch"],))
    loss = F.cross_entropy(model(train_tok[pick]), train_y[pick])
    opt.zero_grad()
    loss.backward()
    opt.step()

model.eval()
with torch.no_grad():
    acc = (model(test_tok).argmax(1) == test_y).float().mean()
print("test acc %.3f" % acc.item())
