import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CHUNK = 20


class Integrator(nn.Module):
    """Reads a recording in chunks and keeps its state between the chunks (truncated BPTT)."""

    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)
        self.state = None

    def reset(self):
        self.state = None

    def forward(self, chunk):
        before = None if self.state is None else self.state.detach()
        out, self.state = self.rnn(chunk.unsqueeze(-1), before)
        return self.head(out).squeeze(-1)


def recordings(n, steps=60, seed=0):
    """Speed impulses; the target is the position, starting from zero in each recording."""
    gen = torch.Generator().manual_seed(seed)
    drift = 0.3 * torch.randn(n, 1, generator=gen)
    speed = drift + 0.3 * torch.randn(n, steps, generator=gen)
    position = speed.cumsum(dim=1) / 5.0
    return TensorDataset(speed, position)


def one_pass(model, loader, opt=None):
    model.train(opt is not None)
    squared, count = 0.0, 0
    for x, y in loader:
        model.reset()
        for xc, yc in zip(x.split(CHUNK, dim=1), y.split(CHUNK, dim=1)):
            with torch.set_grad_enabled(opt is not None):
                loss = nn.functional.mse_loss(model(xc), yc)
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                opt.step()
            squared += loss.item() * yc.numel()
            count += yc.numel()
    return (squared / count) ** 0.5


def main():
    torch.manual_seed(3)
    train_loader = DataLoader(recordings(480, seed=1), batch_size=40, shuffle=True)
    test_loader = DataLoader(recordings(120, seed=2), batch_size=40)
    model = Integrator()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(6):
        rmse = one_pass(model, train_loader, opt)
        print(f"epoch {epoch} train rmse {rmse:.3f}  test rmse {one_pass(model, test_loader):.3f}")


main()
