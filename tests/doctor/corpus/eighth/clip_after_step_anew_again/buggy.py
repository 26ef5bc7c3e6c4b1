import torch
from torch import nn

torch.manual_seed(30)

# Copy-memory / adding problem (Hochreiter & Schmidhuber): sum of the two marked values
SEQ = 12


def adding(n):
    v = torch.rand(n, SEQ)
    m = torch.zeros(n, SEQ)
    first = torch.randint(0, SEQ // 2, (n, 1))
    second = torch.randint(SEQ // 2, SEQ, (n, 1))
    m.scatter_(1, first, 1.0)
    m.scatter_(1, second, 1.0)
    return torch.stack((v, m), dim=2), (v * m).sum(1, keepdim=True)


class Net(nn.Module):
    def __init__(self, hid=32):
        super().__init__()
        self.rnn = nn.RNN(2, hid, nonlinearity='relu', batch_first=True)
        self.out = nn.Linear(hid, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)      # IRNN, Le et al. 2015
        nn.init.zeros_(self.rnn.bias_hh_l0)
        nn.init.zeros_(self.rnn.bias_ih_l0)
        nn.init.normal_(self.rnn.weight_ih_l0, std=0.3)

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.out(y[:, -1])


def update(net, opt, x, y, max_norm):
    opt.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    opt.step()
    nn.utils.clip_grad_norm_(net.parameters(), max_norm)
    return loss.item()


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
xv, yv = adding(500)

for it in range(1, 401):
    net.train()
    x, y = adding(50)
    update(net, opt, x, y, max_norm=0.5)
    if it % 80 == 0:
        net.eval()
        with torch.no_grad():
            val = nn.functional.mse_loss(net(xv), yv).item()
        print(f'{it:4d} val mse {val:.4f} (constant prediction: {yv.var().item():.4f})')
