import torch
from torch import nn


class NoisyGru(nn.Module):
    """잡음이 섞인 순환 신경망 - 김민수"""

    def __init__(self, n_in, hidden, sigma=0.1):
        super().__init__()
        self.cell = nn.GRUCell(n_in, hidden)
        self.hidden, self.sigma = hidden, sigma
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        h = torch.zeros(x.size(0), self.hidden)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
        if self.training:
            h = h + self.sigma * torch.randn_like(h)
        return self.fc(h).squeeze(1)


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(5)
x = torch.randn(200, 10, 2, device=device)
y = x[:, :, 0].sum(1) * 0.3
net = NoisyGru(2, 16).to(device)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    total = 0.0
    for i in torch.randperm(200, device=device).split(25):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
        total += loss.item() * len(i)
    print("에폭", epoch, total / 200)
