import torch
import torch.nn as nn


class MixedPrecision:
    """Half precision when asked for, otherwise plain float32."""

    def __init__(self, enabled=True):
        self.enabled = enabled
        self.scaler = torch.amp.GradScaler("cpu", enabled=enabled, init_scale=1024.0)

    def forward(self, fn):
        with torch.autocast("cpu", dtype=torch.float16, enabled=self.enabled):
            return fn()

    def backward(self, loss):
        self.scaler.scale(loss).backward()

    def step(self, optimizer):
        self.scaler.step(optimizer)
        self.scaler.update()


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(10, 40), nn.Tanh(), nn.Linear(40, 3))

    def forward(self, x):
        return self.net(x)


def train(model, x, y, epochs=8):
    amp = MixedPrecision()
    opt = torch.optim.SGD(model.parameters(), lr=0.2)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            logits = amp.forward(lambda: model(x[idx]))
            loss = nn.functional.cross_entropy(logits.float(), y[idx])
            amp.backward(loss)
            amp.step(opt)


torch.manual_seed(77)
x = torch.randn(600, 10)
y = (x @ torch.randn(10, 3)).argmax(1)
model = Classifier()
train(model, x[:500], y[:500])
model.eval()
with torch.no_grad():
    print("accuracy", (model(x[500:]).argmax(1) == y[500:]).float().mean().item())
