import torch
import torch.nn as nn
import torch.nn.functional as F


class Shared(nn.Module):
    def __init__(self, n_in=10, width=48):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(n_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.ModuleDict({"colour": nn.Linear(width, 4)})

    def add_head(self, name, n_out):
        """New task on top of the fixed features; older heads keep working."""
        self.backbone.requires_grad_(False)
        self.heads[name] = nn.Linear(self.heads["colour"].in_features, n_out)

    def forward(self, x, task):
        return self.heads[task](self.backbone(x))


def train_task(model, task, x, y, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(40):
            opt.zero_grad()
            F.cross_entropy(model(x[idx], task), y[idx]).backward()
            opt.step()


def score(model, task, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x, task).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(15)
    x = torch.randn(1600, 10)
    colour = (x[:, :4] + 0.5 * x[:, 4:8]).argmax(1)
    size = (x[:, 2] - x[:, 7] + x[:, 0]).gt(0).long()
    fit, held = slice(0, 1200), slice(1200, None)

    model = Shared()
    train_task(model, "colour", x[fit], colour[fit], epochs=8, lr=3e-3)
    print("colour after task 1: %.3f" % score(model, "colour", x[held], colour[held]))

    model.add_head("size", 2)
    train_task(model, "size", x[fit], size[fit], epochs=8, lr=3e-3)
    print("size   after task 2: %.3f" % score(model, "size", x[held], size[held]))
    print("colour after task 2: %.3f" % score(model, "colour", x[held], colour[held]))


if __name__ == "__main__":
    main()
