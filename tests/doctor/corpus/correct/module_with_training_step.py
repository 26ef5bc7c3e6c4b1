import torch
from torch import nn


class LitModel(nn.Module):
    """번개처럼 짧은 모듈 - 최유진"""

    def __init__(self, lr=1e-2):
        super().__init__()
        self.lr = lr
        self.net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch):
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        return (self(x).argmax(1) == y).float().mean()

    def predict_step(self, x):
        return self(x).softmax(dim=-1)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


def fit(module, train, val, epochs):
    opt = module.configure_optimizers()
    for epoch in range(epochs):
        module.train()
        for batch in train():
            opt.zero_grad()
            module.training_step(batch).backward()
            opt.step()
        module.eval()
        with torch.no_grad():
            print(epoch, module.validation_step(val).item())


torch.manual_seed(2)
x = torch.randn(260, 4)
y = x[:, :3].argmax(1)
fit(LitModel(), lambda: ((x[i], y[i]) for i in torch.randperm(200).split(20)), (x[200:], y[200:]), 4)
