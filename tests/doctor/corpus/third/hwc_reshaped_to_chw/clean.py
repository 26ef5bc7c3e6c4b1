import argparse
import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class ColouredShapes(Dataset):
    """RGB arrays as an image library returns them: height x width x channel."""

    colours = np.array([[0.9, 0.2, 0.2], [0.2, 0.9, 0.2], [0.2, 0.2, 0.9]])

    def __init__(self, n, seed, size=16):
        r = np.random.RandomState(seed)
        yy, xx = np.mgrid[:size, :size]
        self.data, self.target = [], []
        for _ in range(n):
            colour, shape = r.randint(3), r.randint(2)
            cy, cx = r.uniform(5, size - 5, 2)
            inside = (np.abs(yy - cy) + np.abs(xx - cx) < 5) if shape else (np.maximum(np.abs(yy - cy), np.abs(xx - cx)) < 4.5)
            pic = np.full((size, size, 3), 0.5)
            pic[inside] = self.colours[colour]
            self.data.append((pic + 0.4 * r.randn(size, size, 3)).astype(np.float32))
            self.target.append(2 * colour + shape)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        pic = torch.from_numpy(self.data[index])
        h, w, c = pic.shape
        assert c == 3
        pic = pic.permute(2, 0, 1)
        return pic - 0.5, self.target[index]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.fc = nn.Linear(24 * 4 * 4, 6)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.fc(torch.flatten(x, 1))


def train(model, loader, optimizer):
    model.train()
    for x, t in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), t).backward()
        optimizer.step()


def test(model, loader):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for x, t in loader:
            out = model(x)
            loss += nn.functional.cross_entropy(out, t, reduction='sum').item()
            correct += out.argmax(dim=1).eq(t).sum().item()
    n = len(loader.dataset)
    print(f'test loss {loss / n:.4f}, accuracy {correct}/{n}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--epochs', type=int, default=8)
    parser.add_argument('--lr', type=float, default=5e-3)
    args = parser.parse_args()
    torch.manual_seed(1)
    train_loader = DataLoader(ColouredShapes(320, 0), batch_size=32, shuffle=True)
    test_loader = DataLoader(ColouredShapes(120, 1), batch_size=120)
    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    for _ in range(args.epochs):
        train(model, train_loader, optimizer)
        test(model, test_loader)


if __name__ == '__main__':
    main()
