import torch
from torch import nn

CFG = {
    "folds": 4,
    "epochs": 12,
    "lr": 3e-3,
    "loss": {"weight": [1.0, 8.0], "label_smoothing": 0.02},
}


def build(cfg):
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
    loss_kwargs = dict(cfg["loss"])
    weight = loss_kwargs.pop("weight", None)
    if weight is not None:
        weight = torch.tensor(weight)
    criterion = nn.CrossEntropyLoss(weight=weight, **loss_kwargs)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    return model, criterion, optimizer


def run_fold(cfg, x, y, tr, va):
    model, criterion, optimizer = build(cfg)
    for _ in range(cfg["epochs"]):
        model.train()
        for idx in tr[torch.randperm(len(tr))].split(50):
            optimizer.zero_grad()
            criterion(model(x[idx]), y[idx]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        pred = model(x[va]).argmax(1)
    rec = [(pred[y[va] == c] == c).float().mean().item() for c in (0, 1)]
    return sum(rec) / 2


torch.manual_seed(15)
x = torch.randn(1000, 10)
y = (x[:, 0] + 0.5 * x[:, 1] + 0.4 * torch.randn(1000) > 1.4).long()
parts = torch.randperm(1000).chunk(CFG["folds"])
scores = []
for k, va in enumerate(parts):
    tr = torch.cat([p for j, p in enumerate(parts) if j != k])
    scores.append(run_fold(CFG, x, y, tr, va))
    print(f"fold {k}: balanced accuracy {scores[-1]:.3f}")
print("mean", round(sum(scores) / len(scores), 3))
