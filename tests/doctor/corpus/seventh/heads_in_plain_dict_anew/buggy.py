import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

TASKS = {"species": 4, "sick": 2, "weight": 1}


class MultiTaskNet(nn.Module):
    """Shared trunk, one small head per task."""

    def __init__(self, in_dim, tasks, width=48):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(in_dim, width), nn.ReLU(), nn.Linear(width, 12), nn.Tanh())
        self.heads = {}
        for name, out_dim in tasks.items():
            self.heads[name] = nn.Linear(12, out_dim)

    def forward(self, x):
        h = self.trunk(x)
        return {name: head(h) for name, head in self.heads.items()}


def make_animals(n):
    x = torch.randn(n, 9)
    species = torch.stack([x[:, 0], x[:, 1], x[:, 2], -x[:, 0] - x[:, 1]], dim=1).argmax(1)
    sick = (x[:, 3] * x[:, 4] + 0.3 * x[:, 5] > 0.2).long()
    weight = 3.0 + 1.5 * species.float() + x[:, 6] - 0.8 * sick.float()
    return TensorDataset(x, species, sick, weight)


def total_loss(out, species, sick, weight):
    ce = nn.functional.cross_entropy
    return (
        ce(out["species"], species)
        + ce(out["sick"], sick)
        + 0.2 * nn.functional.mse_loss(out["weight"].squeeze(-1), weight)
    )


def train(model, loader, epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        model.train()
        summed = 0.0
        for x, *targets in loader:
            loss = total_loss(model(x), *targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            summed += loss.item() * x.size(0)
        print("epoch", epoch, "loss", summed / len(loader.dataset))


def report(model, dataset):
    x, species, sick, weight = dataset.tensors
    model.eval()
    with torch.no_grad():
        out = model(x)
    print("species acc", (out["species"].argmax(1) == species).float().mean().item())
    print("sick acc   ", (out["sick"].argmax(1) == sick).float().mean().item())
    print("weight mae ", (out["weight"].squeeze(-1) - weight).abs().mean().item())


if __name__ == "__main__":
    torch.manual_seed(12)
    train_set, test_set = make_animals(1600), make_animals(400)
    net = MultiTaskNet(9, TASKS)
    train(net, DataLoader(train_set, batch_size=32, shuffle=True), epochs=10, lr=3e-3)
    report(net, test_set)
