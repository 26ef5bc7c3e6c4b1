import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, TensorDataset, random_split

CONFIG = {
    "seed": 9,
    "batch_size": 40,
    "lr": 4e-3,
    "epochs": 24,
    "scheduler": {"factor": 0.2, "patience": 2},
}


def checkerboard(n):
    x = torch.rand(n, 2) * 4
    y = (x.floor().sum(1) % 2).long()
    return TensorDataset(x - 2, y)


class Classifier(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        layers, d = [], 2
        for _ in range(3):
            layers += [nn.Linear(d, width), nn.ReLU()]
            d = width
        self.layers = nn.Sequential(*layers, nn.Linear(d, 2))

    def forward(self, x):
        return self.layers(x)


def train_one_epoch(model, loader, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


@torch.no_grad()
def get_accuracy(model, loader):
    model.eval()
    correct = 0
    for x, y in loader:
        correct += (model(x).argmax(-1) == y).sum().item()
    return correct / len(loader.dataset)


def main(config):
    torch.manual_seed(config["seed"])
    train_set, val_set = random_split(checkerboard(1400), [1000, 400])
    train_loader = DataLoader(train_set, batch_size=config["batch_size"], shuffle=True)
    val_loader = DataLoader(val_set, batch_size=200)
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
    scheduler = ReduceLROnPlateau(optimizer, **config["scheduler"])
    for epoch in range(config["epochs"]):
        train_one_epoch(model, train_loader, optimizer)
        val_acc = get_accuracy(model, val_loader)
        scheduler.step(val_acc)
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1}: val acc {val_acc:.3f} lr {optimizer.param_groups[0]['lr']:.2e}")


if __name__ == "__main__":
    main(CONFIG)
