import torch
import torch.nn as nn
import torch.nn.functional as F

# 固定随机种子
torch.manual_seed(2024)


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.05)
        nn.init.zeros_(m.bias)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(2, 32)
        self.fc2 = nn.Linear(32, 32)
        self.fc3 = nn.Linear(32, 3)
        self.apply(weights_init)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


# 螺旋数据, 三个类别
def spiral(n_per_class):
    xs, ys = [], []
    for c in range(3):
        r = torch.linspace(0.1, 1, n_per_class)
        a = 4.0 * r + 2.094 * c + 0.15 * torch.randn(n_per_class)
        xs.append(torch.stack([r * torch.cos(a), r * torch.sin(a)], dim=1))
        ys.append(torch.full((n_per_class,), c, dtype=torch.long))
    return torch.cat(xs), torch.cat(ys)


train_x, train_y = spiral(300)
test_x, test_y = spiral(100)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)

for epoch in range(1, 31):
    net.train()
    perm = torch.randperm(train_x.size(0))
    for i in range(0, train_x.size(0), 60):
        b = perm[i:i + 60]
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(net(train_x[b]), dim=1), train_y[b])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        net.eval()
        with torch.no_grad():
            correct = net(test_x).argmax(dim=1).eq(test_y).sum().item()
        print("轮次 %d 测试准确率 %.3f" % (epoch, correct / test_y.size(0)))
