import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(54)
x = torch.randn(300, 25)
w_true = torch.zeros(25, 1)
w_true[:3] = torch.tensor([[2.0], [-1.0], [1.5]])
y = x @ w_true + 0.2 * torch.randn(300, 1)
model = nn.Linear(25, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
l1_weight = 0.05
for epoch in range(30):
    model.train()
    for i in torch.randperm(240).split(24):
        mse = F.mse_loss(model(x[i]), y[i])
        l1 = model.weight.abs().sum()
        total = mse + l1_weight * l1
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    print("val", F.mse_loss(model(x[240:]), y[240:]).item(), "small weights", int((model.weight.abs() < 0.02).sum()))
