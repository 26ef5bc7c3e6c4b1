import torch
import torch.nn as nn
import torch.nn.functional as F


class UncertaintyWeighting(nn.Module):
    """exp(-s) * L + s / 2 per task (Kendall et al. 2018), s = log variance."""

    def __init__(self, tasks):
        super().__init__()
        self.log_var = nn.ParameterDict({t: nn.Parameter(torch.zeros(())) for t in tasks})
        self.factor = {"depth": 0.5, "normal": 0.5, "label": 1.0}

    def forward(self, losses):
        total = 0.0
        for name, value in losses.items():
            s = self.log_var[name]
            total = total + self.factor[name] * torch.exp(-s) * value + 0.5 * s
        return total


class MultiTaskNet(nn.Module):
    def __init__(self, d_in=12, width=48):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.depth = nn.Linear(width, 1)
        self.normal = nn.Linear(width, 3)
        self.label = nn.Linear(width, 4)

    def forward(self, x):
        h = self.trunk(x)
        return {"depth": self.depth(h).squeeze(1), "normal": self.normal(h), "label": self.label(h)}


def make_data(n, maps):
    x = torch.randn(n, 12)
    depth = 10 * torch.tanh(x @ maps[0]) + 5 * torch.randn(n)       # metres, noisy
    normal = F.normalize(x @ maps[1], dim=1)
    label = (x @ maps[2]).argmax(1)
    return x, {"depth": depth, "normal": normal, "label": label}


def task_losses(out, target):
    return {
        "depth": F.mse_loss(out["depth"], target["depth"]),
        "normal": F.mse_loss(out["normal"], target["normal"]),
        "label": F.cross_entropy(out["label"], target["label"]),
    }


def main():
    torch.manual_seed(61)
    maps = [torch.randn(12) / 3, torch.randn(12, 3), torch.randn(12, 4)]
    x, target = make_data(600, maps)
    x_val, target_val = make_data(200, maps)
    model, criterion = MultiTaskNet(), UncertaintyWeighting(["depth", "normal", "label"])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(20):
        model.train()
        for idx in torch.randperm(600).split(50):
            batch = {k: v[idx] for k, v in target.items()}
            loss = criterion(task_losses(model(x[idx]), batch))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        val = {k: round(v.item(), 4) for k, v in task_losses(model(x_val), target_val).items()}
    print("validation losses", val)
    print("task weights", {k: round(torch.exp(-s).item(), 3) for k, s in criterion.log_var.items()})


if __name__ == "__main__":
    main()
