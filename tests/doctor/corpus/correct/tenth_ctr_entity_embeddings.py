# Click-through prediction: several categorical columns -> entity embeddings, AUC on a later week
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(2023)
torch.manual_seed(2023)

CATS = {"site": 20, "device": 4, "banner": 8}

n_rows = 4000
day = np.sort(rng.integers(0, 14, n_rows))
raw = {name: rng.integers(0, size, n_rows) for name, size in CATS.items()}
effects = {name: rng.normal(0, 0.9, size) for name, size in CATS.items()}
bid = rng.exponential(1.0, n_rows)
logit = -1.0 + 0.5 * np.log1p(bid) + sum(effects[c][raw[c]] for c in CATS)
click = rng.random(n_rows) < 1 / (1 + np.exp(-logit))

past, future = day < 10, day >= 10

# category codes come from the past; 0 is kept for values never seen there
codes = {}
for name in CATS:
    seen = {v: i + 1 for i, v in enumerate(np.unique(raw[name][past]))}
    codes[name] = np.array([seen.get(v, 0) for v in raw[name]])
cardinality = [int(codes[c][past].max()) + 1 for c in CATS]

bid_log = np.log1p(bid)
bid_scaled = (bid_log - bid_log[past].mean()) / bid_log[past].std()


class ClickLog(Dataset):
    def __init__(self, mask):
        self.cat = torch.as_tensor(np.column_stack([codes[c][mask] for c in CATS]), dtype=torch.long)
        self.num = torch.as_tensor(bid_scaled[mask], dtype=torch.float32).unsqueeze(1)
        self.y = torch.as_tensor(click[mask], dtype=torch.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.cat[i], self.num[i], self.y[i]


class CTRNet(nn.Module):
    def __init__(self, cardinality, n_num):
        super().__init__()
        dims = [min(8, (c + 1) // 2) for c in cardinality]
        self.embeds = nn.ModuleList([nn.Embedding(c, d, padding_idx=0) for c, d in zip(cardinality, dims)])
        self.net = nn.Sequential(
            nn.Linear(sum(dims) + n_num, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1),
        )

    def forward(self, cat, num):
        parts = [e(cat[:, i]) for i, e in enumerate(self.embeds)]
        return self.net(torch.cat(parts + [num], dim=1)).squeeze(1)


def roc_auc(scores, truth):
    """Probability that a random positive outranks a random negative."""
    pos, neg = scores[truth == 1], scores[truth == 0]
    diff = pos[:, None] - neg[None, :]
    return float((diff > 0).mean() + 0.5 * (diff == 0).mean())


train_loader = DataLoader(ClickLog(past), batch_size=128, shuffle=True)
test_loader = DataLoader(ClickLog(future), batch_size=512)
model = CTRNet(cardinality, n_num=1)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(5):
    model.train()
    total = 0.0
    for cat, num, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(cat, num), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print(f"epoch {epoch + 1} logloss {total / len(train_loader.dataset):.4f}")

model.eval()
scores, truth = [], []
with torch.no_grad():
    for cat, num, y in test_loader:
        scores.append(torch.sigmoid(model(cat, num)))
        truth.append(y)
print(f"future AUC {roc_auc(torch.cat(scores).numpy(), torch.cat(truth).numpy()):.4f}")
