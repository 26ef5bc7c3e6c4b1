import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(26)
x = torch.randn(512, 8)
y = torch.tanh(x[:, :1]) + x[:, 1:2]
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.02)
accum_steps = 4
for epoch in range(4):
    model.train()
    opt.zero_grad()
    for step, (xb, yb) in enumerate(loader, 1):
        loss = nn.functional.mse_loss(model(xb), yb)
        (loss / accum_steps).backward()
        if step % accum_steps == 0:
            opt.step()
            opt.zero_grad()
    print(epoch, loss.item())
