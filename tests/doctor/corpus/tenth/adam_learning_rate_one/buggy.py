import torch
import torch.nn as nn

CONFIG = dict(
    hidden=64,
    batch_size=32,
    learning_rate=1.0,
    num_epochs=12,
    seed=404,
)


def make_moons(n):
    """two half moons, as in sklearn"""
    k = n // 2
    a, b = torch.rand(k) * 3.1416, torch.rand(k) * 3.1416
    upper = torch.stack([a.cos(), a.sin()], dim=1)
    lower = torch.stack([1 - b.cos(), 0.5 - b.sin()], dim=1)
    points = torch.cat([upper, lower]) + 0.15 * torch.randn(2 * k, 2)
    target = torch.cat([torch.zeros(k), torch.ones(k)]).long()
    return points, target


def main(cfg):
    torch.manual_seed(cfg["seed"])
    x_train, y_train = make_moons(600)
    x_val, y_val = make_moons(200)

    model = nn.Sequential(
        nn.Linear(2, cfg["hidden"]), nn.ReLU(),
        nn.Linear(cfg["hidden"], cfg["hidden"]), nn.ReLU(),
        nn.Linear(cfg["hidden"], 2),
    )
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["learning_rate"])

    for epoch in range(cfg["num_epochs"]):
        model.train()
        seen, running = 0, 0.0
        for idx in torch.randperm(len(x_train)).split(cfg["batch_size"]):
            optimizer.zero_grad()
            loss = loss_fn(model(x_train[idx]), y_train[idx])
            loss.backward()
            optimizer.step()
            running += loss.item() * len(idx)
            seen += len(idx)
        model.eval()
        with torch.no_grad():
            acc = (model(x_val).argmax(dim=1) == y_val).float().mean().item()
        print(f"Epoch [{epoch + 1}/{cfg['num_epochs']}] loss: {running / seen:.4f} val acc: {acc:.3f}")


if __name__ == "__main__":
    main(CONFIG)
