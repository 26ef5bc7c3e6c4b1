import torch, torch.nn as nn, torch.optim as optim
from torch.autograd import Variable
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
d, t = load_wine(return_X_y=True)
a, b, u, v = train_test_split(d, t, test_size=.3, random_state=2, stratify=t)
m, s = a.mean(0), a.std(0)
a, b = [torch.from_numpy((q - m) / s).float() for q in (a, b)]
u, v = torch.from_numpy(u), torch.from_numpy(v)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.i2h = nn.Linear(13, 10)
        self.h2o = nn.Linear(10, 3)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, x):
        return self.softmax(self.h2o(torch.relu(self.i2h(x))))


net = Net()
crit = nn.NLLLoss()
opt = optim.SGD(net.parameters(), lr=.05, momentum=.9)
for e in range(20):
    net.train()
    for i in torch.randperm(len(a)).split(16):
        x, y = Variable(a[i]), Variable(u[i])
        opt.zero_grad()
        l = crit(net(x), y)
        l.backward()
        opt.step()
net.eval()
with torch.no_grad():
    o = net(b)
    print("loss", crit(o, v).item(), "acc", (o.argmax(1) == v).float().mean().item())
    print("confidence", o.exp().max(1)[0].mean().item())
