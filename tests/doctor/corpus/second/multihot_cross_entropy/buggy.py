import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Tags(Dataset):
    """Every item carries any subset of six tags."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.tags = (torch.rand(n, 6, generator=g) < 0.35).float()
        proto = torch.randn(6, 20, generator=torch.Generator().manual_seed(100))
        self.x = self.tags @ proto + 0.6 * torch.randn(n, 20, generator=g)

    def __getitem__(self, i):
        return {"x": self.x[i], "tags": self.tags[i]}

    def __len__(self):
        return len(self.x)


LOSSES = {
    "single": nn.CrossEntropyLoss(),
    "multi": nn.BCEWithLogitsLoss(),
    "margin": nn.MultiLabelSoftMarginLoss(),
}
CONFIG = {"task": "single", "epochs": 12, "lr": 4e-3, "batch": 50, "seed": 23}


def micro_f1(model, loader):
    tp = fp = fn = 0
    model.eval()
    with torch.no_grad():
        for b in loader:
            p = model(b["x"]).sigmoid() > 0.5
            t = b["tags"].bool()
            tp += (p & t).sum().item()
            fp += (p & ~t).sum().item()
            fn += (~p & t).sum().item()
    return 2 * tp / (2 * tp + fp + fn)


def main(cfg):
    torch.manual_seed(cfg["seed"])
    train = DataLoader(Tags(1000, 1), batch_size=cfg["batch"], shuffle=True)
    test = DataLoader(Tags(400, 2), batch_size=200)
    model = nn.Sequential(nn.Linear(20, 48), nn.ReLU(), nn.Linear(48, 6))
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    criterion = LOSSES[cfg["task"]]
    for _ in range(cfg["epochs"]):
        model.train()
        for b in train:
            opt.zero_grad()
            criterion(model(b["x"]), b["tags"]).backward()
            opt.step()
    print("micro F1: %.3f" % micro_f1(model, test))


main(CONFIG)
