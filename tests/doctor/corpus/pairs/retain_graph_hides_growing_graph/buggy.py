import torch
import torch.nn as nn

torch.manual_seed(87)
signal = torch.sin(torch.arange(600) * 0.1).view(1, -1, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 12, batch_first=True)
        self.out = nn.Linear(12, 1)

    def forward(self, x, h):
        y, h = self.rnn(x, h)
        return self.out(y), h


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(3):
    h = torch.zeros(1, 1, 12)
    total = 0.0
    opt.zero_grad()
    for t in range(0, 580, 20):
        inp, tgt = signal[:, t:t + 20], signal[:, t + 1:t + 21]
        out, h = net(inp, h)
        loss = nn.functional.mse_loss(out, tgt)
        (loss / 29).backward(retain_graph=True)
        total += loss.item()
    opt.step()
    print("epoch", epoch, total / 29)
