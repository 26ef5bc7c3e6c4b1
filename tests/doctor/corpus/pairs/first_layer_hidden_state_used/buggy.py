import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 20, num_layers=2, batch_first=True)
        self.fc = nn.Linear(20, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.fc(h[0]).squeeze(1)


torch.manual_seed(119)
x = torch.randn(400, 9, 2)
y = (x[:, :, 0] * x[:, :, 1]).sum(1) / 3
model = Net()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.mse_loss(model(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(model(x[320:]), y[320:]).item())
