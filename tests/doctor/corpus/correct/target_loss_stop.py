import torch
from torch import nn

torch.manual_seed(60)
x = torch.randn(100, 2)
y = x @ torch.tensor([[2.0], [1.0]])
net = nn.Linear(2, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(1000):
    i = torch.randint(0, 100, (20,))
    loss = nn.functional.mse_loss(net(x[i]), y[i])
    if loss.item() < 1e-6:
        break
    opt.zero_grad()
    loss.backward()
    opt.step()
print("stopped after", step, "steps")
