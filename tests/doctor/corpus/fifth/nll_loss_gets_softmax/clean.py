import torch
import torch.nn as nn


class GestureNet(nn.Module):
    def __init__(self, n_in=16, n_out=5):
        super(GestureNet, self).__init__()
        self.body = nn.Sequential(nn.Linear(n_in, 48), nn.ReLU(), nn.Linear(48, n_out))
        self.out = nn.LogSoftmax(dim=1)

    def forward(self, x):
        return self.out(self.body(x))


class Trainer:
    def __init__(self, model, lr=0.05):
        self.model = model
        self.criterion = nn.NLLLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)

    def fit(self, x, y, epochs, bs=40):
        for ep in range(epochs):
            self.model.train()
            for idx in torch.randperm(len(x)).split(bs):
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x[idx]), y[idx])
                loss.backward()
                self.optimizer.step()
            yield ep

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(7)
w = torch.randn(16, 5)
x = torch.randn(1000, 16)
y = (x @ w).argmax(1)
trainer = Trainer(GestureNet())
for ep in trainer.fit(x[:800], y[:800], epochs=6):
    print("epoch %d acc %.3f" % (ep, trainer.accuracy(x[800:], y[800:])))
