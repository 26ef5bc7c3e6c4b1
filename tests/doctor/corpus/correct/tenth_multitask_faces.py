"""One trunk, two heads: a regression target (age) and a class (expression)."""
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset


@dataclass
class HParams:
    lr: float = 2e-3
    epochs: int = 10
    batch_size: int = 50
    age_weight: float = 1.0
    expr_weight: float = 0.5
    seed: int = 31


class FakeFaces(Dataset):
    """Feature vectors standing in for face embeddings."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.age = 18 + 60 * torch.rand(n, generator=g)
        self.expr = torch.randint(0, 4, (n,), generator=g)
        basis = torch.randn(5, 30, generator=g)
        latent = torch.cat([(self.age.unsqueeze(1) - 48) / 17, nn.functional.one_hot(self.expr, 4).float()], dim=1)
        self.x = torch.tanh(latent @ basis * 0.5) + 0.15 * torch.randn(n, 30, generator=g)

    def __len__(self):
        return len(self.age)

    def __getitem__(self, i):
        return {"x": self.x[i], "age": self.age[i], "expr": self.expr[i]}


class TwoHeads(nn.Module):
    def __init__(self, age_mean, age_std):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.age_head = nn.Linear(32, 1)
        self.expr_head = nn.Linear(32, 4)
        self.register_buffer("age_mean", age_mean)
        self.register_buffer("age_std", age_std)

    def forward(self, x):
        h = self.trunk(x)
        return self.age_head(h).squeeze(-1), self.expr_head(h)

    def normalise_age(self, age):
        return (age - self.age_mean) / self.age_std

    def to_years(self, z):
        return z * self.age_std + self.age_mean


def main():
    hp = HParams()
    torch.manual_seed(hp.seed)
    faces = FakeFaces(1400, seed=310)
    order = torch.randperm(len(faces)).tolist()
    train_idx, test_idx = order[:1100], order[1100:]
    train_loader = DataLoader(Subset(faces, train_idx), batch_size=hp.batch_size, shuffle=True)
    test_loader = DataLoader(Subset(faces, test_idx), batch_size=100)

    train_age = faces.age[train_idx]
    model = TwoHeads(train_age.mean(), train_age.std())
    optimizer = torch.optim.Adam(model.parameters(), lr=hp.lr)
    mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()

    for epoch in range(hp.epochs):
        model.train()
        sums = {"age": 0.0, "expr": 0.0}
        for batch in train_loader:
            age_pred, expr_logits = model(batch["x"])
            age_loss = mse(age_pred, model.normalise_age(batch["age"]))
            expr_loss = ce(expr_logits, batch["expr"])
            loss = hp.age_weight * age_loss + hp.expr_weight * expr_loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            n = len(batch["age"])
            sums["age"] += age_loss.item() * n
            sums["expr"] += expr_loss.item() * n
        if epoch % 3 == 0:
            print(epoch, {k: round(v / len(train_idx), 4) for k, v in sums.items()})

    model.eval()
    abs_err, correct = 0.0, 0
    with torch.inference_mode():
        for batch in test_loader:
            age_pred, expr_logits = model(batch["x"])
            abs_err += (model.to_years(age_pred) - batch["age"]).abs().sum().item()
            correct += (expr_logits.argmax(-1) == batch["expr"]).sum().item()
    print(f"age MAE {abs_err / len(test_idx):.2f} years, expression accuracy {correct / len(test_idx):.3f}")


if __name__ == "__main__":
    main()
