import torch
from torch import nn

torch.manual_seed(61)
dtype = torch.bfloat16
x = torch.randn(800, 16)
y = torch.tanh(x[:, :4].sum(1, keepdim=True)) + 0.05 * torch.randn(800, 1)


def make(width):
    net = nn.Sequential(nn.Linear(16, width), nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))
    return net


def forward(net, xb):
    with torch.autocast("cpu", dtype=dtype):
        return net(xb).float()


net = make(48)
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
for epoch in range(25):
    net.train()
    for idx in torch.randperm(640).split(32):
        opt.zero_grad()
        loss = nn.functional.mse_loss(forward(net, x[idx]), y[idx])
        loss.backward()
        opt.step()
net.eval()
with torch.no_grad():
    print("val mse", nn.functional.mse_loss(forward(net, x[640:]), y[640:]).item())
