import torch
from torch import nn

torch.manual_seed(50)
x = torch.randn(600, 10)
y = ((x[:, 0] + 0.8 * torch.randn(600)) > 0).long()
net = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 2))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(10):
    net.train()
    for i in torch.randperm(300).split(30):
        opt.zero_grad()
        nn.functional.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    cal, test = net(x[300:450]), net(x[450:])
log_t = nn.Parameter(torch.zeros(1))
lbfgs = torch.optim.LBFGS([log_t], lr=0.1, max_iter=30)


def closure():
    lbfgs.zero_grad()
    loss = nn.functional.cross_entropy(cal / log_t.exp(), y[300:450])
    loss.backward()
    return loss


lbfgs.step(closure)
with torch.no_grad():
    before = nn.functional.cross_entropy(test, y[450:]).item()
    after = nn.functional.cross_entropy(test / log_t.exp(), y[450:]).item()
print("T", log_t.exp().item(), "nll", before, "->", after)
