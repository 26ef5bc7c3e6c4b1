import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.autograd import Variable

digits = load_digits()
X = torch.Tensor(digits.images).unsqueeze(1) / 16.0
Y = torch.LongTensor(digits.target)
torch.manual_seed(0)
perm = torch.randperm(len(X))
train_idx, val_idx = perm[:1400], perm[1400:]

BN_KW = dict(eps=1e-5, momentum=0.1)


class ConvNet(nn.Module):
    def __init__(self):
        super(ConvNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(12, **BN_KW)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(24, **BN_KW)
        self.fc1 = nn.Linear(24 * 2 * 2, 48, bias=False)
        self.bn3 = nn.BatchNorm1d(48, **BN_KW)
        self.fc2 = nn.Linear(48, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = x.view(x.size(0), -1)
        x = F.relu(self.bn3(self.fc1(x)))
        x = F.dropout(x, p=0.5, training=self.training)
        return self.fc2(x)


net = ConvNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)


def train(epoch):
    net.train()
    order = train_idx[torch.randperm(len(train_idx))]
    for b in range(0, len(order), 14):
        idx = order[b:b + 14]
        data, target = Variable(X[idx]), Variable(Y[idx])
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(net(data), dim=1), target)
        loss.backward()
        optimizer.step()


def test(idx):
    net.eval()
    test_loss, correct = 0.0, 0
    with torch.no_grad():
        for part in idx.split(100):
            output = F.log_softmax(net(X[part]), dim=1)
            test_loss += F.nll_loss(output, Y[part], reduction='sum').item()
            correct += output.max(1)[1].eq(Y[part]).sum().item()
    return test_loss / len(idx), correct / len(idx)


for epoch in range(1, 4):
    train(epoch)
    print('epoch %d  val loss %.4f  acc %.3f' % ((epoch,) + test(val_idx)))
