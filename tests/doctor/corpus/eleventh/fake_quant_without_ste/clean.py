import torch
import torch.nn as nn
import torch.nn.functional as F


def fake_quant(w, bits):
    qmax = 2 ** (bits - 1) - 1
    scale = w.detach().abs().max().clamp(min=1e-8) / qmax
    q = (w / scale).round().clamp(-qmax, qmax) * scale
    return w + (q - w).detach()


class QConv2d(nn.Conv2d):
    def __init__(self, *args, bits=4, **kwargs):
        super().__init__(*args, **kwargs)
        self.bits = bits

    def forward(self, x):
        return F.conv2d(x, fake_quant(self.weight, self.bits), self.bias, self.stride, self.padding)


class QLinear(nn.Linear):
    def __init__(self, *args, bits=4, **kwargs):
        super().__init__(*args, **kwargs)
        self.bits = bits

    def forward(self, x):
        return F.linear(x, fake_quant(self.weight, self.bits), self.bias)


class QNet(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.conv1 = QConv2d(1, 8, 3, padding=1, bits=bits)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = QConv2d(8, 16, 3, padding=1, bits=bits)
        self.bn2 = nn.BatchNorm2d(16)
        self.fc = QLinear(16 * 9, 4, bits=bits)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(x.flatten(1))


def bars(n):
    """4 classes: horizontal, vertical, both diagonals; 12x12 noisy images"""
    y = torch.randint(0, 4, (n,))
    x = 0.7 * torch.randn(n, 1, 12, 12)
    r = torch.arange(12)
    for i in range(n):
        k = int(torch.randint(3, 9, (1,)))
        if y[i] == 0:
            x[i, 0, k, :] += 1
        elif y[i] == 1:
            x[i, 0, :, k] += 1
        elif y[i] == 2:
            x[i, 0, r, r] += 1
        else:
            x[i, 0, r, 11 - r] += 1
    return x, y


torch.manual_seed(18)
x_train, y_train = bars(600)
x_val, y_val = bars(200)
net = QNet(bits=4)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(8):
    net.train()
    total = 0.0
    for idx in torch.randperm(600).split(50):
        loss = F.cross_entropy(net(x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        acc = (net(x_val).argmax(1) == y_val).float().mean().item()
    print(f"epoch {epoch} train loss {total / 12:.3f} val acc (4 bit) {acc:.3f}")
