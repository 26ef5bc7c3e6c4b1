import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


def draw_fruit(rng, kind):
    # camera gives height x width x RGB, uint8
    img = rng.integers(90, 130, size=(20, 20, 3))
    cy, cx = rng.integers(6, 14, size=2)
    yy, xx = np.mgrid[:20, :20]
    inside = (yy - cy) ** 2 + (xx - cx) ** 2 < 20
    color = {0: (200, 60, 60), 1: (60, 190, 70), 2: (220, 180, 50)}[kind]
    img[inside] = np.array(color) + rng.integers(-15, 16, size=(inside.sum(), 3))
    return img.astype(np.uint8)


class FruitDataset(Dataset):
    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.targets = rng.integers(0, 3, size=count)
        self.data = np.stack([draw_fruit(rng, int(t)) for t in self.targets])

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        img = torch.from_numpy(self.data[index]).float() / 255.0
        img = img.permute(2, 0, 1)
        return (img - 0.5) / 0.5, int(self.targets[index])


class FruitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 5, padding=2)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(16 * 5 * 5, 3)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        return self.fc(torch.flatten(x, 1))


torch.manual_seed(0)
train_loader = DataLoader(FruitDataset(300, seed=1), batch_size=30, shuffle=True)
test_loader = DataLoader(FruitDataset(150, seed=2), batch_size=50)
net = FruitNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

for epoch in range(3):
    net.train()
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print("epoch %d loss %.3f" % (epoch + 1, running_loss / len(train_loader)))

net.eval()
correct = 0
with torch.no_grad():
    for inputs, labels in test_loader:
        correct += (net(inputs).argmax(1) == labels).sum().item()
print("accuracy on test images: %d %%" % (100 * correct / 150))
