import numpy as np
import torch
import torch.nn as nn

SEED = 2023
np.random.seed(SEED)
torch.manual_seed(SEED)

# ---------------------------------------------------------------- data
n = 900
pclass = np.random.choice(3, n, p=[0.25, 0.2, 0.55])
sex = np.random.choice(2, n, p=[0.65, 0.35])
port = np.random.choice(3, n, p=[0.7, 0.2, 0.1])
age = np.random.gamma(5, 6, n)
age[np.random.rand(n) < 0.2] = np.nan
fare = np.exp(np.random.randn(n) * 0.5 + 3.5 - 0.8 * pclass)
logit = 2.3 * sex - 0.9 * pclass - 0.02 * np.nan_to_num(age, nan=28.0) + 0.8
survived = (np.random.rand(n) < 1 / (1 + np.exp(-logit))).astype(np.float32)

idx = np.random.permutation(n)
tr, va = idx[:720], idx[720:]

# ---------------------------------------------------------------- preprocessing (train statistics only)
age_missing = np.isnan(age).astype(np.float32)
age = np.where(np.isnan(age), np.nanmedian(age[tr]), age)
num = np.stack([age, np.log1p(fare)], 1)
num = (num - num[tr].mean(0)) / num[tr].std(0)
num = np.concatenate([num, age_missing[:, None]], 1).astype(np.float32)
cat = np.stack([pclass, sex, port], 1).astype(np.int64)

Xn, Xc, Y = torch.tensor(num), torch.tensor(cat), torch.tensor(survived)


class TabNet(nn.Module):
    def __init__(self, cards=(3, 2, 3), dim=3, n_num=3):
        super().__init__()
        self.embs = nn.ModuleList(nn.Embedding(c, dim) for c in cards)
        self.mlp = nn.Sequential(
            nn.Linear(dim * len(cards) + n_num, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(32, 1),
        )

    def forward(self, xn, xc):
        e = [emb(xc[:, i]) for i, emb in enumerate(self.embs)]
        return self.mlp(torch.cat(e + [xn], dim=1)).squeeze(1)


net = TabNet()
opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-2)
bce = nn.BCEWithLogitsLoss()
tr_t, va_t = torch.from_numpy(tr), torch.from_numpy(va)

for epoch in range(12):
    net.train()
    for b in tr_t[torch.randperm(len(tr_t))].split(48):
        opt.zero_grad(set_to_none=True)
        bce(net(Xn[b], Xc[b]), Y[b]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        out = net(Xn[va_t], Xc[va_t])
        val_loss = bce(out, Y[va_t]).item()
        val_acc = ((out > 0).float() == Y[va_t]).float().mean().item()
    if epoch % 3 == 2:
        print(f"ep {epoch + 1:>2}  val_loss={val_loss:.4f}  val_acc={val_acc:.3f}")
print("majority baseline:", round(max(Y[va_t].mean().item(), 1 - Y[va_t].mean().item()), 3))
