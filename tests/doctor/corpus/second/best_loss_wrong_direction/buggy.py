import argparse
import copy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=25)
parser.add_argument("--lr", type=float, default=3e-3)
args = parser.parse_args()


class Keeper:
    def __init__(self, start=0.0):
        self.value, self.weights, self.epoch = start, None, -1

    def offer(self, value, model, epoch):
        if value > self.value:
            self.value, self.epoch = value, epoch
            self.weights = copy.deepcopy(model.state_dict())


def mean_loss(model, loader):
    model.eval()
    total, n = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            total += nn.functional.cross_entropy(model(x), y, reduction="sum").item()
            n += len(y)
    return total / n


torch.manual_seed(30)
x = torch.randn(900, 20)
y = (x[:, :3].sum(1) + 1.2 * torch.randn(900) > 0).long()
train, val, test = random_split(TensorDataset(x, y), [150, 250, 500])
loaders = {
    "train": DataLoader(train, batch_size=25, shuffle=True),
    "val": DataLoader(val, batch_size=125),
    "test": DataLoader(test, batch_size=125),
}
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
keeper = Keeper()
for epoch in range(args.epochs):
    model.train()
    for xb, yb in loaders["train"]:
        opt.zero_grad()
        nn.functional.cross_entropy(model(xb), yb).backward()
        opt.step()
    keeper.offer(mean_loss(model, loaders["val"]), model, epoch)
model.load_state_dict(keeper.weights)
print(f"kept epoch {keeper.epoch}, test loss {mean_loss(model, loaders['test']):.4f}")
