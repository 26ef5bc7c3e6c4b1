import torch
import torch.nn as nn

seed = 3
torch.manual_seed(seed)

# adding problem: sum of the two marked numbers in a sequence
def batch(n, T=30):
    v = torch.rand(n, T)
    m = torch.zeros(n, T)
    m.scatter_(1, torch.randint(0, T // 2, (n, 1)), 1.0)
    m.scatter_(1, torch.randint(T // 2, T, (n, 1)), 1.0)
    return torch.stack([v, m], -1), (v * m).sum(1)

class RNN(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.rnn = nn.RNN(2, h, batch_first=True, nonlinearity='relu')
        self.lin = nn.Linear(h, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)
        nn.init.zeros_(self.rnn.bias_hh_l0)

    def forward(self, x):
        o, _ = self.rnn(x)
        return self.lin(o[:, -1]).squeeze(-1)

net = RNN()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
loss_fn = nn.MSELoss()
clip = 1.0
vx, vy = batch(500)

for it in range(1, 301):
    x, y = batch(32)
    opt.zero_grad()
    loss = loss_fn(net(x), y)
    loss.backward()
    opt.step()
    nn.utils.clip_grad_norm_(net.parameters(), clip)
    if it % 100 == 0:
        net.eval()
        with torch.no_grad():
            print('it', it, 'train', round(loss.item(), 4), 'valid', round(loss_fn(net(vx), vy).item(), 4))
        net.train()
