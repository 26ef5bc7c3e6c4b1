import torch
import torch.nn as nn

torch.manual_seed(27)
x = torch.randn(640, 20) @ torch.randn(20, 300) / 20 ** 0.5
model = nn.Sequential(nn.Linear(300, 24), nn.ReLU(), nn.Linear(24, 300))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(640).split(320):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rec = model(x[i])
        err = rec.float() - x[i]
        loss = err.pow(2).sum() / err.numel()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
