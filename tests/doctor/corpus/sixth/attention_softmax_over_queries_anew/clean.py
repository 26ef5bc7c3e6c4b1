import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

# 任务: 找出序列中最大值所在位置的标记 (第二个特征)
def make_set(n, length=9):
    value = torch.rand(n, length)
    flag = torch.randint(0, 2, (n, length))
    answer = flag.gather(1, value.argmax(1, keepdim=True)).squeeze(1)
    return TensorDataset(torch.stack([value, flag.float()], dim=-1), answer)


class SelfAttention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.q = nn.Linear(d, d, bias=False)
        self.k = nn.Linear(d, d, bias=False)
        self.v = nn.Linear(d, d, bias=False)
        self.scale = d ** -0.5

    def forward(self, h):
        scores = torch.einsum('bqd,bkd->bqk', self.q(h), self.k(h)) * self.scale
        att = F.softmax(scores, dim=2)
        return torch.einsum('bqk,bkd->bqd', att, self.v(h))


class Net(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.inp = nn.Sequential(nn.Linear(2, d), nn.ReLU(), nn.Linear(d, d))
        self.query = nn.Parameter(0.02 * torch.randn(1, 1, d))
        self.att = SelfAttention(d)
        self.ff = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, d), nn.ReLU())
        self.out = nn.Linear(d, 2)

    def forward(self, x):
        h = self.inp(x)
        h = torch.cat([self.query.expand(len(x), 1, -1), h], dim=1)
        h = h + self.att(h)
        return self.out(self.ff(h[:, 0]))


torch.manual_seed(14)
train_dl = DataLoader(make_set(1600), batch_size=80, shuffle=True)
test_dl = DataLoader(make_set(400), batch_size=200)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(8):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        opt.step()
    net.eval()
    hit = 0
    with torch.no_grad():
        for xb, yb in test_dl:
            hit += (net(xb).argmax(1) == yb).sum().item()
    # 每轮打印测试正确率
    print(epoch, hit / len(test_dl.dataset))
