# Tutorial: our first convolutional network.
# We draw 16x16 pictures of a filled square, a cross or a ring and learn to tell them apart.
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(7)


def draw(kind):
    img = torch.zeros(16, 16)
    cx, cy = torch.randint(5, 11, (2,)).tolist()
    if kind == 0:
        img[cy - 3:cy + 4, cx - 3:cx + 4] = 1.0
    elif kind == 1:
        img[cy, cx - 4:cx + 5] = 1.0
        img[cy - 4:cy + 5, cx] = 1.0
    else:
        yy, xx = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
        r = ((yy - cy) ** 2 + (xx - cx) ** 2).float().sqrt()
        img[(r > 2.5) & (r < 4.2)] = 1.0
    return img + 0.3 * torch.randn(16, 16)


def make_set(n):
    targets = torch.randint(0, 3, (n,))
    images = torch.stack([draw(t) for t in targets.tolist()]).unsqueeze(1)
    return images, targets


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.drop = nn.Dropout(0.25)
        self.fc = nn.Linear(16 * 4 * 4, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(self.drop(x.flatten(1)))


train_x, train_y = make_set(384)
test_x, test_y = make_set(150)

net = ConvNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(5):
    net.train()
    perm = torch.randperm(len(train_x))
    losses = []
    for i in range(0, len(perm), 32):
        batch = perm[i:i + 32]
        optimizer.zero_grad()
        loss = F.cross_entropy(net(train_x[batch]), train_y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    net.eval()
    with torch.no_grad():
        acc = (net(test_x).argmax(1) == test_y).float().mean()
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.3f}, test accuracy {acc:.3f}")
