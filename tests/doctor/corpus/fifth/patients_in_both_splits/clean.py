from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    patients: int = 60
    visits: int = 12
    features: int = 20
    test_share: float = 0.25
    hidden: int = 64
    lr: float = 3e-3
    epochs: int = 12
    seed: int = 17


def clinic(cfg):
    """Every patient has a personal baseline; the diagnosis belongs to the patient."""
    sick = torch.randint(0, 2, (cfg.patients,))
    baseline = 1.5 * torch.randn(cfg.patients, cfg.features)
    baseline[:, 0] += 1.5 * sick
    patient = torch.arange(cfg.patients).repeat_interleave(cfg.visits)
    x = baseline[patient] + 0.5 * torch.randn(len(patient), cfg.features)
    return x, sick[patient], patient


def split(x, y, patient, share):
    ids = patient.unique()
    chosen = ids[torch.randperm(len(ids))[: round(share * len(ids))]]
    held = torch.isin(patient, chosen)
    return TensorDataset(x[~held], y[~held]), TensorDataset(x[held], y[held])


class Classifier(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(cfg.features, cfg.hidden), nn.ReLU(), nn.Dropout(0.2))
        self.head = nn.Linear(cfg.hidden, 2)

    def forward(self, x):
        return self.head(self.body(x))


def main(cfg=Config()):
    torch.manual_seed(cfg.seed)
    train, test = split(*clinic(cfg), cfg.test_share)
    model = Classifier(cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-2)
    for _ in range(cfg.epochs):
        model.train()
        for x, y in DataLoader(train, batch_size=45, shuffle=True):
            opt.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            opt.step()
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in DataLoader(test, batch_size=90):
            hits += (model(x).argmax(1) == y).sum().item()
    print(f"test accuracy {hits / len(test):.3f}")


if __name__ == "__main__":
    main()
