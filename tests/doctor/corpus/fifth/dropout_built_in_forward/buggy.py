import torch, torch.nn as nn, torch.nn.functional as F


class ConvNet(nn.Module):
    """Reads a short sensor trace (1 x 40) and names its shape."""

    def __init__(self, n_classes=3, p_drop=0.5):
        super(ConvNet, self).__init__()
        self.conv1 = nn.Conv1d(1, 8, 5, padding=2)
        self.conv2 = nn.Conv1d(8, 16, 5, padding=2)
        self.p_drop = p_drop
        self.out = nn.Linear(16 * 10, n_classes)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv1(x)), 2)
        x = F.max_pool1d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = nn.Dropout(self.p_drop)(x)
        return self.out(x)


def make_traces(n):
    kind = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 6.28, 40)
    phase = torch.rand(n, 1) * 6.28
    sine = torch.sin(2 * t + phase)
    traces = torch.stack([sine, sine.sign(), torch.asin(sine * 0.999) / 1.57], 1)[torch.arange(n), kind]
    return (traces + 0.3 * torch.randn(n, 40)).unsqueeze(1), kind


torch.manual_seed(11)
xtr, ytr = make_traces(800)
xte, yte = make_traces(300)
net = ConvNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for ep in range(6):
    net.train()
    for ix in torch.randperm(len(xtr)).split(40):
        loss = F.cross_entropy(net(xtr[ix]), ytr[ix])
        opt.zero_grad()
        loss.backward()
        opt.step()
net.eval()
with torch.no_grad():
    pred = net(xte).argmax(dim=1)
print("test accuracy: %.3f" % (pred == yte).float().mean().item())
