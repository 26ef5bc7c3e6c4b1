import torch
import torch.nn as nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return F.adaptive_avg_pool2d(x, 2).flatten(1)


class FineTuneNet(nn.Module):
    """pretrained encoder stays as it is, only the head learns"""

    def __init__(self, encoder, n_classes):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, n_classes))
        for p in self.encoder.parameters():
            p.requires_grad = False

    def freeze_bn(self):
        for m in self.encoder.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

    def forward(self, x):
        return self.head(self.encoder(x))


def images(n, n_classes, gain):
    y = torch.arange(n) % n_classes
    x = torch.randn(n, 1, 8, 8)
    x[torch.arange(n), 0, y] += 2.0
    return gain * x, y


def loop(net, params, x, y, epochs, before_epoch):
    opt = torch.optim.Adam(params, lr=3e-3)
    for epoch in range(epochs):
        before_epoch()
        for idx in torch.randperm(len(x)).split(30):
            opt.zero_grad()
            loss = F.cross_entropy(net(x[idx]), y[idx])
            loss.backward()
            opt.step()
    return loss.item()


torch.manual_seed(6)
# stage 1: source domain
encoder = Encoder()
source_net = nn.Sequential(encoder, nn.Linear(64, 6))
loop(source_net, source_net.parameters(), *images(600, 6, 1.0), 3, source_net.train)

# stage 2: small target set
net = FineTuneNet(encoder, 3)


def prepare():
    net.train()
    net.freeze_bn()


reference = encoder.bn1.running_var.clone()
last = loop(net, net.head.parameters(), *images(150, 3, 1.5), 8, prepare)
net.eval()
x, y = images(150, 3, 1.5)
with torch.no_grad():
    acc = (net(x).argmax(1) == y).float().mean().item()
print(f"loss {last:.4f} test acc {acc:.3f} running_var ratio {(encoder.bn1.running_var / reference).mean().item():.3f}")
