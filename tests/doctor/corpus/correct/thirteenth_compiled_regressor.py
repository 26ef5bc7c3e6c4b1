"""Train a compiled model; the checkpoint is taken from the underlying module."""
import io

import torch
import torch.nn as nn

torch.manual_seed(6)


def build():
    return nn.Sequential(nn.Linear(5, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 1))


x = torch.randn(600, 5)
y = (x[:, :1] * x[:, 1:2]).tanh() + 0.3 * x[:, 2:3]
x_train, x_val = x[:500], x[500:]
y_train, y_val = y[:500], y[500:]

model = build()
compiled = torch.compile(model, backend="eager")
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.MSELoss()

for epoch in range(8):
    compiled.train()
    for idx in torch.randperm(500).split(100):
        optimizer.zero_grad()
        loss = loss_fn(compiled(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    compiled.eval()
    with torch.no_grad():
        val = loss_fn(compiled(x_val), y_val).item()
    print(f"epoch {epoch} val {val:.4f}")

buffer = io.BytesIO()
torch.save(model.state_dict(), buffer)
buffer.seek(0)
restored = build()
restored.load_state_dict(torch.load(buffer, weights_only=True))
restored.eval()
with torch.no_grad():
    print("restored val", round(loss_fn(restored(x_val), y_val).item(), 4))
