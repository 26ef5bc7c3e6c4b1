import torch
from torch import nn


def experiment(lr: float) -> float:
    x = torch.randn(400, 6)
    y = x[:, :1] * x[:, 1:2]
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(6):
        model.train()
        for i in torch.randperm(320).split(32):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x[i]), y[i])
            loss.backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(x[320:]), y[320:]).item()


if __name__ == "__main__":
    results = {lr: experiment(lr) for lr in (1e-3, 3e-3, 1e-2)}
    for lr, v in results.items():
        print(f"lr={lr:g} val={v:.4f}")
    print("best:", min(results, key=results.get))
