import random
import torch
import torch.nn as nn


class Seq2Seq(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.enc = nn.GRU(1, hidden, batch_first=True)
        self.cell = nn.GRUCell(1, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, past, future, teacher_forcing=1.0):
        _, h = self.enc(past.unsqueeze(-1))
        h = h[-1]
        prev = past[:, -1:]
        steps = []
        for t in range(future.size(1)):
            h = self.cell(prev, h)
            value = prev + self.out(h)
            steps.append(value)
            prev = future[:, t:t + 1] if random.random() < teacher_forcing else value
        return torch.cat(steps, dim=1)


def load_curves(n, steps=30):
    """Consumption curves: a slow wave plus a random walk."""
    phase = torch.rand(n, 1) * 6.28
    t = torch.arange(steps).float()
    wave = torch.sin(phase + 0.4 * t)
    walk = 0.15 * torch.randn(n, steps).cumsum(1)
    return wave + walk


def train_epoch(model, opt, curves, ratio):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(curves)).split(50):
        past, future = curves[idx, :20], curves[idx, 20:]
        loss = nn.functional.mse_loss(model(past, future, teacher_forcing=ratio), future)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item() * len(idx)
    return total / len(curves)


def evaluate(model, curves):
    model.eval()
    past, future = curves[:, :20], curves[:, 20:]
    with torch.no_grad():
        forecast = model(past, future)
    return (forecast - future).abs().mean(0)


def main():
    random.seed(1)
    torch.manual_seed(1)
    train_curves, val_curves = load_curves(800), load_curves(200)
    model = Seq2Seq()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(8):
        loss = train_epoch(model, opt, train_curves, ratio=1.0 - 0.1 * epoch)
        mae = evaluate(model, val_curves)
        print(f"{epoch}: loss {loss:.3f} | 10-step forecast MAE {mae.mean():.3f}, last step {mae[-1]:.3f}")


main()
