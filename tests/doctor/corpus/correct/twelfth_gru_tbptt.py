"""Next-step prediction of a noisy wave with truncated backpropagation and a carried hidden state."""
import torch
import torch.nn as nn

torch.manual_seed(19)
LENGTH, CHUNK, STREAMS = 400, 40, 8


def streams(n):
    t = torch.arange(LENGTH + 1)
    period = 15 + 10 * torch.rand(n, 1)
    phase = 6.28 * torch.rand(n, 1)
    return (torch.sin(6.2832 * t / period + phase) + 0.1 * torch.randn(n, LENGTH + 1)).unsqueeze(-1)


class Predictor(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, h=None):
        y, h = self.gru(x, h)
        return self.out(y), h


train, test = streams(STREAMS), streams(STREAMS)
model = Predictor()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
mse = nn.MSELoss()

for epoch in range(12):
    model.train()
    hidden, total = None, 0.0
    for start in range(0, LENGTH, CHUNK):
        x = train[:, start:start + CHUNK]
        y = train[:, start + 1:start + CHUNK + 1]
        pred, hidden = model(x, hidden)
        hidden = hidden.detach()
        loss = mse(pred, y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        test_loss = mse(model(test[:, :-1])[0], test[:, 1:]).item()
    print(f"epoch {epoch:2d} train {total / (LENGTH // CHUNK):.4f} test {test_loss:.4f}")
