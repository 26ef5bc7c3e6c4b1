# Fine-tuning a small residual network on a new task
import torch
import torch.nn as nn


class BasicBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.gn1 = nn.GroupNorm(3, c)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.gn2 = nn.GroupNorm(3, c)

    def forward(self, x):
        y = torch.relu(self.gn1(self.conv1(x)))
        return torch.relu(x + self.gn2(self.conv2(y)))


class TinyResNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU())
        self.layer1 = BasicBlock(12)
        self.layer2 = BasicBlock(12)
        self.fc = nn.Linear(12, n_classes)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(x.amax(dim=(2, 3)))


def shapes(n, n_classes):
    kernels = torch.zeros(6, 4, 4)
    kernels[0, 0] = kernels[1, :, 0] = 1
    kernels[2] = torch.eye(4)
    kernels[3] = torch.eye(4).flip(0)
    kernels[4, 1:3, 1:3] = 1
    kernels[5, ::2, ::2] = 1
    y = torch.randint(0, n_classes, (n,))
    x = 0.2 * torch.randn(n, 1, 10, 10)
    for i in range(n):
        r, c = torch.randint(0, 7, (2,)).tolist()
        x[i, 0, r:r + 4, c:c + 4] += 1.5 * kernels[y[i]]
    return x, y


def train(model, x, y, epochs, lr):
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(40):
            opt.zero_grad()
            nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def adapt(model, n_classes):
    """Keep stem and layer1 fixed; tune layer2 and a new classifier."""
    for p in model.parameters():
        p.requires_grad = False
    for p in model.layer2.parameters():
        p.requires_grad = True
    model.fc = nn.Linear(model.fc.in_features, n_classes)
    return model


torch.manual_seed(23)
net = TinyResNet(6)
train(net, *shapes(480, 6), epochs=4, lr=3e-3)
print("source", accuracy(net, *shapes(200, 6)))
x_new, y_new = shapes(320, 4)
net = adapt(net, 4)
train(net, x_new.flip(-1), y_new, epochs=4, lr=3e-3)
x_te, y_te = shapes(200, 4)
print("target", accuracy(net, x_te.flip(-1), y_te))
