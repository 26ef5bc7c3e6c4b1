import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import Dataset, DataLoader

MEAN, STD = 0.3053, 0.3760


class Digits(Dataset):
    def __init__(self, images, targets):
        self.images = images
        self.targets = targets

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        image = torch.tensor(self.images[index] / 16.0, dtype=torch.float32)
        image = (image - MEAN) / STD
        return image.unsqueeze(0), int(self.targets[index])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.fc = nn.Linear(24 * 2 * 2, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


def train(net, loader, epochs=4):
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(epochs):
        net.train()
        for images, targets in loader:
            optimizer.zero_grad()
            F.cross_entropy(net(images), targets).backward()
            optimizer.step()
    return net


class Predictor:
    """What the web service calls: raw uint8-like arrays in, digits and confidences out."""

    def __init__(self, net):
        self.net = net.eval()

    @torch.no_grad()
    def __call__(self, arrays):
        batch = torch.as_tensor(np.stack(arrays), dtype=torch.float32).unsqueeze(1)
        batch = (batch / 16.0 - MEAN) / STD
        confidence, digit = self.net(batch).softmax(dim=1).max(dim=1)
        return digit.numpy(), confidence.numpy()


if __name__ == "__main__":
    torch.manual_seed(0)
    data = load_digits()
    tr_x, te_x, tr_y, te_y = train_test_split(data.images, data.target, test_size=0.3, random_state=1, stratify=data.target)
    net = train(Net(), DataLoader(Digits(tr_x, tr_y), batch_size=64, shuffle=True))
    digits, confidence = Predictor(net)(list(te_x))
    print("accuracy of the service:", round(float((digits == te_y).mean()), 4), "mean confidence", confidence.mean())
