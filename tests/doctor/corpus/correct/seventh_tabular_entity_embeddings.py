"""House prices: categorical columns as embeddings, numeric columns standardised, log target."""
import copy

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

CAT = ["district", "heating", "condition"]
NUM = ["area", "age", "rooms"]
TARGET = "price"


def make_table(n=3000, seed=17):
    """A dictionary of columns; 5 % of the ages are missing."""
    rng = np.random.default_rng(seed)
    effects = {
        "district": dict(zip("ABCDEFGH", rng.normal(0, 0.35, 8))),
        "heating": {"gas": 0.0, "oil": -0.05, "heatpump": 0.08},
        "condition": {"poor": -0.2, "fair": 0.0, "good": 0.1, "new": 0.2},
    }
    table = {c: rng.choice(list(effects[c]), n) for c in CAT}
    table["area"] = rng.gamma(8, 14, n).clip(25, 350)
    table["age"] = rng.integers(0, 100, n).astype(float)
    table["rooms"] = rng.integers(1, 8, n).astype(float)
    log_price = 10.5 + 0.8 * np.log(table["area"] / 100) - 0.003 * table["age"] + 0.02 * table["rooms"]
    for c in CAT:
        log_price += np.array([effects[c][v] for v in table[c]])
    table[TARGET] = np.exp(log_price + rng.normal(0, 0.08, n))
    table["age"][rng.random(n) < 0.05] = np.nan
    return table


def take(table, idx):
    return {name: column[idx] for name, column in table.items()}


class Preprocessor:
    """Everything is learnt from the training table; code 0 is reserved for unseen categories."""

    def fit(self, table):
        self.codes = {c: {v: i + 1 for i, v in enumerate(np.unique(table[c]))} for c in CAT}
        self.median = {c: np.nanmedian(table[c]) for c in NUM}
        filled = self._numeric(table)
        self.mean, self.std = filled.mean(axis=0), filled.std(axis=0)
        y = np.log(table[TARGET])
        self.y_mean, self.y_std = float(y.mean()), float(y.std())
        return self

    def _numeric(self, table):
        return np.stack([np.where(np.isnan(table[c]), self.median[c], table[c]) for c in NUM], axis=1)

    def transform(self, table):
        cat = np.array([[self.codes[c].get(v, 0) for v in table[c]] for c in CAT], dtype="int64").T.copy()
        num = ((self._numeric(table) - self.mean) / self.std).astype("float32")
        y = ((np.log(table[TARGET]) - self.y_mean) / self.y_std).astype("float32")
        return cat, num, y

    def to_price(self, z):
        return torch.exp(z * self.y_std + self.y_mean)


class HouseDataset(Dataset):
    def __init__(self, cat, num, y):
        self.cat, self.num, self.y = map(torch.from_numpy, (cat, num, y))

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {"cat": self.cat[i], "num": self.num[i], "y": self.y[i]}


class EmbeddingNet(nn.Module):
    def __init__(self, cardinalities, n_num, hidden=64):
        super().__init__()
        dims = [min(8, (n + 1) // 2) for n in cardinalities]
        self.embeddings = nn.ModuleList([nn.Embedding(n + 1, d) for n, d in zip(cardinalities, dims)])
        self.mlp = nn.Sequential(
            nn.Linear(sum(dims) + n_num, hidden), nn.ReLU(), nn.Dropout(0.05),
            nn.Linear(hidden, hidden // 2), nn.ReLU(), nn.Linear(hidden // 2, 1),
        )

    def forward(self, batch):
        parts = [emb(batch["cat"][:, j]) for j, emb in enumerate(self.embeddings)]
        return self.mlp(torch.cat(parts + [batch["num"]], dim=1)).squeeze(1)


@torch.no_grad()
def collect(model, loader):
    model.eval()
    pred, true = zip(*((model(b), b["y"]) for b in loader))
    return torch.cat(pred), torch.cat(true)


def main():
    torch.manual_seed(17)
    table = make_table()
    order = np.random.default_rng(18).permutation(len(table[TARGET]))
    train_part, val_part, test_part = (take(table, idx) for idx in np.split(order, [2000, 2500]))
    prep = Preprocessor().fit(train_part)
    loaders = [
        DataLoader(HouseDataset(*prep.transform(part)), batch_size=64, shuffle=part is train_part)
        for part in (train_part, val_part, test_part)
    ]
    train_loader, val_loader, test_loader = loaders

    model = EmbeddingNet([len(prep.codes[c]) for c in CAT], len(NUM))
    criterion = nn.SmoothL1Loss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=2)

    best, state = float("inf"), None
    for epoch in range(15):
        model.train()
        for batch in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(batch), batch["y"])
            loss.backward()
            optimizer.step()
        val_loss = criterion(*collect(model, val_loader)).item()
        scheduler.step(val_loss)
        print(f"epoch {epoch + 1:2d}: val loss {val_loss:.4f}")
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())

    model.load_state_dict(state)
    z, t = collect(model, test_loader)
    pred, price = prep.to_price(z), prep.to_price(t)
    mape = ((pred - price).abs() / price).mean().item()
    print(f"test MAE {(pred - price).abs().mean().item():.0f}, MAPE {100 * mape:.2f} %")


if __name__ == "__main__":
    main()
