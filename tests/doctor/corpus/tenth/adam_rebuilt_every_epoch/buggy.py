import torch
from torch import nn, optim

SEED = 31
LR = 2e-3
EPOCHS = 60


def toy_field(n_tasks, n_points, gen):
    """Random smooth 1-D fields, a handful of observations each."""
    amp = torch.rand(n_tasks, 1, generator=gen) + 0.5
    freq = torch.rand(n_tasks, 1, generator=gen) * 2 + 1
    t = torch.rand(n_tasks, n_points, generator=gen) * 2 - 1
    obs = amp * torch.sin(freq * t)
    params = torch.cat([amp, freq], dim=1).unsqueeze(1).expand(-1, n_points, -1)
    return torch.cat([t.unsqueeze(-1), params], dim=-1), obs.unsqueeze(-1)


def train_epoch(model, tasks):
    opt = optim.Adam(model.parameters(), lr=LR)
    model.train()
    total = 0.0
    for x, y in tasks:
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        total += loss.item()
    return total / len(tasks)


def main():
    torch.manual_seed(SEED)
    gen = torch.Generator().manual_seed(SEED)
    x, y = toy_field(200, 16, gen)
    train_tasks = list(zip(x[:160].split(32), y[:160].split(32)))
    x_val, y_val = x[160:], y[160:]

    model = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    for epoch in range(EPOCHS):
        train_loss = train_epoch(model, train_tasks)
        if epoch % 10 == 9:
            model.eval()
            with torch.no_grad():
                val_loss = nn.functional.mse_loss(model(x_val), y_val).item()
            print(f"epoch {epoch + 1}: train {train_loss:.5f}  val {val_loss:.5f}")


if __name__ == "__main__":
    main()
