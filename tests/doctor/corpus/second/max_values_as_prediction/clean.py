import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split


class IrisNet(nn.Module):
    def __init__(self, n_in=4, n_hidden=16, n_out=3):
        super(IrisNet, self).__init__()
        self.fc1 = nn.Linear(n_in, n_hidden)
        self.fc2 = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


def test(model, data, target):
    model.eval()
    with torch.no_grad():
        output = model(data)
        test_loss = F.nll_loss(output, target).item()
        pred = output.max(1)[1]
        correct = pred.eq(target).sum().item()
    print('Test: loss {:.4f}, accuracy {}/{} ({:.0f}%)'.format(test_loss, correct, len(target), 100. * correct / len(target)))


def train(model, data, target, optimizer, epochs):
    for epoch in range(1, epochs + 1):
        model.train()
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        if epoch % 50 == 0:
            print('Epoch {}: {:.4f}'.format(epoch, loss.item()))


torch.manual_seed(1)
iris = load_iris()
tr, te, ytr, yte = train_test_split(iris.data, iris.target, test_size=0.33, stratify=iris.target, random_state=1)
tr, te = torch.FloatTensor(tr), torch.FloatTensor(te)
ytr, yte = torch.LongTensor(ytr), torch.LongTensor(yte)
mean, std = tr.mean(0), tr.std(0)
model = IrisNet()
train(model, (tr - mean) / std, ytr, torch.optim.Adam(model.parameters(), lr=0.02), 150)
test(model, (te - mean) / std, yte)
