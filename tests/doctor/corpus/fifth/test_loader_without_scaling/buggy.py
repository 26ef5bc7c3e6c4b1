import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Subset, default_collate


class Digits(torch.utils.data.Dataset):
    def __init__(self):
        bunch = load_digits()
        self.pixels = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1)
        self.digit = torch.tensor(bunch.target)

    def __len__(self):
        return len(self.digit)

    def __getitem__(self, i):
        return self.pixels[i], self.digit[i]


class Standardize:
    def __init__(self, subset):
        pixels = torch.stack([x for x, _ in subset])
        self.mean, self.std = pixels.mean(), pixels.std()

    def __call__(self, samples):
        x, y = default_collate(samples)
        return (x - self.mean) / self.std, y


def conv_block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


def build():
    return nn.Sequential(conv_block(1, 8), nn.MaxPool2d(2), conv_block(8, 16), nn.Flatten(), nn.Linear(16 * 16, 10))


def evaluate(net, loader):
    net.eval()
    hits = 0
    with torch.no_grad():
        for x, y in loader:
            hits += (net(x).argmax(1) == y).sum().item()
    return hits / len(loader.dataset)


def main():
    torch.manual_seed(21)
    digits = Digits()
    order = torch.randperm(len(digits)).tolist()
    train, test = Subset(digits, order[:1400]), Subset(digits, order[1400:])
    standardize = Standardize(train)
    train_loader = DataLoader(train, batch_size=50, shuffle=True, collate_fn=standardize)
    test_loader = DataLoader(test, batch_size=100)
    net = build()
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(3):
        net.train()
        for x, y in train_loader:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
    print("test accuracy", evaluate(net, test_loader))


if __name__ == "__main__":
    main()
