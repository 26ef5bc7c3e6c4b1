import torch
from torch import nn
from sklearn.metrics import roc_auc_score

torch.manual_seed(0)
normal = torch.randn(1500, 10) @ torch.diag(torch.linspace(0.2, 2, 10))
odd = torch.randn(100, 10) * 2 + 1
train, calib, test_n = normal[:1000], normal[1000:1250], normal[1250:]
mu, sd = train.mean(0), train.std(0)
z = lambda t: (t - mu) / sd
net = nn.Sequential(nn.Linear(10, 32, bias=False), nn.LeakyReLU(0.1), nn.Linear(32, 8, bias=False))
with torch.no_grad():
    center = net(z(train)).mean(0)
    center[(center.abs() < 0.1) & (center < 0)] = -0.1
    center[(center.abs() < 0.1) & (center >= 0)] = 0.1
opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-5)
for epoch in range(20):
    for b in torch.randperm(len(train)).split(100):
        d = (net(z(train[b])) - center).pow(2).sum(1)
        loss = d.mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    score = lambda t: (net(z(t)) - center).pow(2).sum(1)
    threshold = torch.quantile(score(calib), 0.95)
    s = torch.cat([score(test_n), score(odd)])
    y = torch.cat([torch.zeros(len(test_n)), torch.ones(len(odd))])
    print("auc", roc_auc_score(y.numpy(), s.numpy()), "recall at 5% fpr", (score(odd) > threshold).float().mean().item())
