import math
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

# forecasting a noisy oscillation with an Elman network
torch.manual_seed(8)
t = torch.arange(0, 1300, dtype=torch.float32)
series = 3 * torch.sin(2 * math.pi * t / 25) + 2 * torch.sin(2 * math.pi * t / 60) + 0.05 * torch.randn(1300)
windows = series.unfold(0, 41, 1)
inputs, targets = windows[:, :-1].unsqueeze(-1), windows[:, -1:]
train_in, train_out = inputs[:1000], targets[:1000]
test_in, test_out = inputs[1040:], targets[1040:]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.RNN(1, hidden, nonlinearity="relu", batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.head(states[:, -1])


def finish_update(model, optimizer, max_norm=0.5):
    norm = clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    optimizer.zero_grad()
    return norm.item()


def run_epoch(model, optimizer, loss_fn, batch=50):
    model.train()
    norms = []
    for idx in torch.randperm(len(train_in)).split(batch):
        loss_fn(model(train_in[idx]), train_out[idx]).backward()
        norms.append(finish_update(model, optimizer))
    return max(norms)


net = Forecaster()
opt = torch.optim.SGD(net.parameters(), lr=0.15)
mse = nn.MSELoss()
for epoch in range(5):
    biggest = run_epoch(net, opt, mse)
    net.eval()
    with torch.no_grad():
        print(epoch, "largest norm %.2f" % biggest, "test mse %.4f" % mse(net(test_in), test_out).item())
