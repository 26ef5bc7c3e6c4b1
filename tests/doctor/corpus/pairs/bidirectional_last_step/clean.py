import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, vocab=12, d=16):
        super().__init__()
        self.emb = nn.Embedding(vocab, d)
        self.lstm = nn.LSTM(d, d, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * d, 2)

    def forward(self, s):
        out, (h, _) = self.lstm(self.emb(s))
        return self.fc(torch.cat([h[-2], h[-1]], dim=1))


torch.manual_seed(133)
s = torch.randint(0, 12, (400, 12))
y = (s[:, 0] > s[:, 1]).long()
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.cross_entropy(net(s[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(s[320:]).argmax(1) == y[320:]).float().mean().item())
