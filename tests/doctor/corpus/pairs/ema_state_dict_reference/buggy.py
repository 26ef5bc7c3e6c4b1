import torch
from torch import nn

torch.manual_seed(91)
x = torch.rand(400, 2)
y = (x[:, :1] > x[:, 1:]).float()
net = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 1))
shadow = {k: v for k, v in net.state_dict().items()}
decay = 0.98


def update_shadow():
    with torch.no_grad():
        for name, value in net.state_dict().items():
            shadow[name].mul_(decay).add_(value, alpha=1.0 - decay)


optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
for step in range(300):
    i = torch.randint(0, 320, (32,))
    loss = nn.functional.binary_cross_entropy_with_logits(net(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    update_shadow()

avg = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 1))
avg.load_state_dict(shadow)
avg.eval()
with torch.no_grad():
    print("avg acc", ((avg(x[320:]) > 0).float() == y[320:]).float().mean().item())
