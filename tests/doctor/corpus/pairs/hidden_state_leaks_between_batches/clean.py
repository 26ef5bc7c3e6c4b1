import torch
from torch import nn


class Counter(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)
        self.h = None

    def forward(self, x):
        out, h = self.rnn(x)
        self.h = h.detach()
        return self.fc(out[:, -1]).squeeze(-1)


torch.manual_seed(72)
x = (torch.rand(600, 10, 1) > 0.5).float()
y = x.sum((1, 2)) / 10
model = Counter()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(500).split(50):
        opt.zero_grad()
        nn.functional.mse_loss(model(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        err = sum(nn.functional.l1_loss(model(x[k:k + 50]), y[k:k + 50]).item() for k in (500, 550)) / 2
    print(epoch, err)
