import torch
import torch.nn as nn


def adjust(optimizer, epoch, base):
    lr = base * (0.1 ** (epoch // 3))
    optimizer.lr = lr
    return lr


torch.manual_seed(99)
x = torch.randn(400, 5)
y = x.norm(dim=1, keepdim=True)
model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(9):
    lr = adjust(opt, epoch, 0.1)
    model.train()
    for i in torch.randperm(400).split(50):
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x[i]), y[i])
        loss.backward()
        opt.step()
    print(f"epoch {epoch} lr {lr:.4f} loss {loss.item():.4f}")
