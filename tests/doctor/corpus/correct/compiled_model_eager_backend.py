import torch
from torch import nn

torch.manual_seed(37)
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
try:
    fast = torch.compile(net, backend="eager")
    fast(torch.zeros(2, 6))
except Exception as error:
    print("without compile:", type(error).__name__)
    fast = net
x = torch.randn(128, 6)
y = x.sum(1, keepdim=True)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(4):
    net.train()
    for i in torch.randperm(128).split(32):
        opt.zero_grad(set_to_none=True)
        loss = nn.functional.mse_loss(fast(x[i]), y[i])
        loss.backward()
        opt.step()
print(loss.item())
