import copy
import torch
from torch import nn

torch.manual_seed(85)
x = torch.randn(640, 10)
y = (x[:, :3].sum(1) > 0).long()
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
start = copy.deepcopy(net.state_dict())
opt = torch.optim.SGD(net.parameters(), lr=1e-5)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=1.3)
curve = []
net.train()
for i in torch.randperm(640).split(16):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(net(x[i]), y[i])
    loss.backward()
    opt.step()
    curve.append((sched.get_last_lr()[0], loss.item()))
    sched.step()
    if loss.item() > 4 * curve[0][1]:
        break
net.load_state_dict(start)
print("points", len(curve), "lowest at lr", min(curve, key=lambda c: c[1])[0])
