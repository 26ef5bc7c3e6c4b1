import torch
from torch import nn

torch.manual_seed(54)
x = torch.linspace(-2, 2, 100).unsqueeze(1)
y = x.pow(3) - x
net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1))
opt = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=10, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    return loss


for it in range(8):
    loss = opt.step(closure)
    print(it, loss.item())
