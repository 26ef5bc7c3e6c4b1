"""Rent from city, flat type and area: entity embeddings on a small table."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.preprocessing import LabelEncoder

CAT_COLS = ("city", "kind")


def make_table(n, rng, cities, kinds, base):
    table = {
        "city": rng.choice(cities, size=n, p=base["p"]),
        "kind": rng.choice(kinds, size=n),
        "area": rng.uniform(20, 140, size=n),
    }
    level = dict(zip(cities, base["level"]))
    extra = {k: i * 1.5 for i, k in enumerate(kinds)}
    table["rent"] = np.array([level[c] + extra[k] for c, k in zip(table["city"], table["kind"])]) \
        - 0.02 * table["area"] + rng.normal(0, 0.5, size=n)
    return table


def encode(train, test):
    sizes = []
    for col in CAT_COLS:
        enc = LabelEncoder()
        train[col] = enc.fit_transform(train[col])
        sizes.append(len(enc.classes_))
        test[col] = enc.transform(test[col])
    return sizes


class RentNet(nn.Module):
    def __init__(self, sizes, dim=6):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(s, dim) for s in sizes)
        self.mlp = nn.Sequential(nn.Linear(dim * len(sizes) + 1, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, cats, nums):
        vecs = [table(cats[:, i]) for i, table in enumerate(self.tables)]
        return self.mlp(torch.cat(vecs + [nums], dim=1)).squeeze(1)


def tensors(table, mean, std):
    cats = torch.as_tensor(np.stack([table[c] for c in CAT_COLS], axis=1), dtype=torch.long)
    nums = torch.as_tensor((table["area"][:, None] - mean) / std, dtype=torch.float32)
    return cats, nums, torch.as_tensor(table["rent"], dtype=torch.float32)


def main():
    rng = np.random.default_rng(9)
    torch.manual_seed(9)
    cities = [f"{a}{b}" for a in ("Al", "Ber", "Dor", "Kar", "Nor", "Wes") for b in ("berg", "feld", "hafen", "stadt")]
    p = rng.dirichlet(np.full(len(cities), 2.0))
    base = {"p": p, "level": rng.uniform(8, 22, size=len(cities))}
    kinds = ["house", "loft", "studio"]
    train = make_table(2500, rng, cities, kinds, base)
    test = make_table(60, rng, cities, kinds, base)
    sizes = encode(train, test)

    mean, std = train["area"].mean(), train["area"].std()
    cats, nums, rent = tensors(train, mean, std)
    shift = rent.mean()
    net = RentNet(sizes)
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(12):
        for idx in torch.randperm(len(rent)).split(100):
            loss = nn.functional.mse_loss(net(cats[idx], nums[idx]), rent[idx] - shift)
            opt.zero_grad()
            loss.backward()
            opt.step()

    net.eval()
    cats, nums, rent = tensors(test, mean, std)
    with torch.no_grad():
        mae = (net(cats, nums) + shift - rent).abs().mean()
    print(f"test MAE {mae:.2f} EUR/m2")


if __name__ == "__main__":
    main()
