# House prices - simple MLP with a neighbourhood embedding
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 2024
np.random.seed(SEED)
torch.manual_seed(SEED)

# ---------------------------------------------------------------- fake "train.csv"
N, N_HOODS = 1500, 12
hood = np.random.randint(0, N_HOODS, N)
area = np.random.gamma(9.0, 14.0, N)
rooms = np.clip(np.round(area / 28 + np.random.normal(0, 0.8, N)), 1, 9)
age = np.random.uniform(0, 90, N)
hood_premium = np.random.normal(0, 45_000, N_HOODS)
price = 60_000 + 1_900 * area + 6_000 * rooms - 450 * age + hood_premium[hood]
price = price + np.random.normal(0, 12_000, N)

num = np.stack([area, rooms, age], axis=1).astype(np.float32)
y = price.astype(np.float32)

perm = np.random.permutation(N)
tr, va, te = perm[:1000], perm[1000:1250], perm[1250:]

# scale with training statistics only
mu, sd = num[tr].mean(0), num[tr].std(0)
num = (num - mu) / sd
y_mu, y_sd = float(y[tr].mean()), float(y[tr].std())
y_scaled = (y - y_mu) / y_sd


def make_loader(idx, shuffle):
    ds = TensorDataset(
        torch.from_numpy(num[idx]),
        torch.from_numpy(hood[idx]).long(),
        torch.from_numpy(y_scaled[idx]).unsqueeze(1),
    )
    return DataLoader(ds, batch_size=64, shuffle=shuffle)


train_dl, valid_dl, test_dl = make_loader(tr, True), make_loader(va, False), make_loader(te, False)


class PriceNet(nn.Module):
    def __init__(self, n_num, n_hoods, emb=4):
        super().__init__()
        self.emb = nn.Embedding(n_hoods, emb)
        self.mlp = nn.Sequential(
            nn.Linear(n_num + emb, 64), nn.ReLU(), nn.Dropout(0.05),
            nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, x_num, x_hood):
        return self.mlp(torch.cat([x_num, self.emb(x_hood)], dim=1))


def rmse_dollars(model, loader):
    model.eval()
    sq, n = 0.0, 0
    with torch.no_grad():
        for xb, hb, yb in loader:
            err = (model(xb, hb) - yb) * y_sd
            sq += err.pow(2).sum().item()
            n += yb.size(0)
    return (sq / n) ** 0.5


model = PriceNet(num.shape[1], N_HOODS)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
loss_fn = nn.MSELoss()

for epoch in range(15):
    model.train()
    for xb, hb, yb in train_dl:
        opt.zero_grad()
        loss = loss_fn(model(xb, hb), yb)
        loss.backward()
        opt.step()
    if (epoch + 1) % 5 == 0:
        print(f"epoch {epoch + 1:2d}  valid RMSE ${rmse_dollars(model, valid_dl):,.0f}")

print(f"baseline (mean price) RMSE ${np.sqrt(np.mean((y[te] - y_mu) ** 2)):,.0f}")
print(f"test RMSE ${rmse_dollars(model, test_dl):,.0f}")

torch.save(
    {
        "state_dict": model.state_dict(),
        "num_mean": torch.from_numpy(mu), "num_std": torch.from_numpy(sd),
        "target_mean": y_mu, "target_std": y_sd,
    },
    "price_net.pt",
)
