"""Truncated BPTT: the hidden state is carried from one chunk to the next."""
import torch
import torch.nn as nn

torch.manual_seed(3)

T, STREAMS, CHUNK = 800, 8, 40
t = torch.arange(T + 1).float()
phase = torch.rand(STREAMS, 1) * 6.28
freq = 0.05 + 0.1 * torch.rand(STREAMS, 1)
series = torch.sin(freq * t + phase) + 0.05 * torch.randn(STREAMS, T + 1)
series = series.unsqueeze(-1)  # (streams, time, 1)
inputs, targets = series[:, :-1], series[:, 1:]
split = 640


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        h, state = self.gru(x, state)
        return self.out(h), state


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()

for epoch in range(6):
    model.train()
    state = None
    losses = []
    for start in range(0, split, CHUNK):
        xb = inputs[:, start : start + CHUNK]
        yb = targets[:, start : start + CHUNK]
        if state is not None:
            state = state.detach()
        pred, state = model(xb, state)
        loss = criterion(pred, yb)

        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())

    model.eval()
    with torch.no_grad():
        _, warm = model(inputs[:, :split])
        pred, _ = model(inputs[:, split:], warm)
        val = criterion(pred, targets[:, split:]).item()
    print(f"epoch {epoch}  train {sum(losses) / len(losses):.4f}  held-out future {val:.4f}")
