from __future__ import print_function
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.data as data
from torch.autograd import Variable

np.random.seed(4)
torch.manual_seed(4)


def draw(n, size=20):
    """uint8 RGB pictures (n, H, W, 3) with one coloured square; class = colour x half of the picture."""
    pics = np.random.randint(0, 90, size=(n, size, size, 3)).astype(np.uint8)
    labels = np.random.randint(0, 6, size=n)
    for k in range(n):
        colour, half = labels[k] % 3, labels[k] // 3
        r = np.random.randint(0, size - 6)
        c = np.random.randint(0, size // 2 - 6) + half * size // 2
        pics[k, r:r + 6, c:c + 6, colour] = 170
    return pics, labels


class Squares(data.Dataset):
    def __init__(self, pics, labels):
        self.pics, self.labels = pics, labels

    def __getitem__(self, index):
        pic = self.pics[index]
        tensor = torch.from_numpy(pic).permute(2, 0, 1).float().div(255)
        return (tensor - 0.2) / 0.15, int(self.labels[index])

    def __len__(self):
        return len(self.pics)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(3, 10, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(10, 16, kernel_size=3, padding=1)
        self.fc1 = nn.Linear(16 * 5 * 5, 40)
        self.fc2 = nn.Linear(40, 6)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


train_loader = data.DataLoader(Squares(*draw(600)), batch_size=50, shuffle=True)
test_loader = data.DataLoader(Squares(*draw(300)), batch_size=100)
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

for epoch in range(1, 6):
    model.train()
    for inputs, target in train_loader:
        inputs, target = Variable(inputs), Variable(target)
        optimizer.zero_grad()
        loss = F.nll_loss(model(inputs), target)
        loss.backward()
        optimizer.step()

    model.eval()
    test_loss, correct = 0, 0
    with torch.no_grad():
        for inputs, target in test_loader:
            output = model(inputs)
            test_loss += F.nll_loss(output, target, reduction='sum').item()
            correct += output.max(1)[1].eq(target).sum().item()
    print('Epoch {}: test loss {:.4f}, accuracy {}/{}'.format(
        epoch, test_loss / len(test_loader.dataset), correct, len(test_loader.dataset)))
