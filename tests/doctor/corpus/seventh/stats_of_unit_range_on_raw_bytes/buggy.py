import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def fruit(n, seed, side=12):
    """(N, H, W, 3) bytes: four kinds of fruit which differ a little in hue."""
    g = torch.Generator().manual_seed(seed)
    hue = torch.tensor([[150., 95., 70.], [138., 107., 70.], [150., 95., 84.], [138., 107., 84.]])
    y = torch.randint(0, 4, (n,), generator=g)
    light = 1 + 0.12 * torch.randn(n, 1, 1, 1, generator=g)
    grain = 22 * torch.randn(n, side, side, 3, generator=g)
    img = hue[y][:, None, None, :] * light + grain
    return img.clamp(0, 255).to(torch.uint8), y


def channel_stats(images):
    flat = images.reshape(-1, 3).double() / 255
    return flat.mean(0).float(), flat.std(0).float()


class Normalise:
    def __init__(self, mean, std):
        self.mean = mean.view(1, 3, 1, 1)
        self.std = std.view(1, 3, 1, 1)

    def __call__(self, images):
        x = images.permute(0, 3, 1, 2).float()
        return (x - self.mean) / self.std


class FruitNet(nn.Module):
    def __init__(self, n_classes=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, stride=2), nn.ReLU())
        self.mix = nn.Sequential(nn.Conv2d(12, 24, 3), nn.ReLU())
        self.fc = nn.Linear(24, n_classes)

    def forward(self, x):
        x = self.mix(self.stem(x))
        return self.fc(x.mean(dim=(2, 3)))


def run_epoch(net, loader, loss_fn, opt=None):
    net.train(opt is not None)
    total, right = 0.0, 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            out = net(x)
            loss = loss_fn(out, y)
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                opt.step()
            total += loss.item() * len(y)
            right += (out.argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return total / n, right / n


if __name__ == "__main__":
    torch.manual_seed(13)
    raw_train, y_train = fruit(800, seed=1)
    raw_test, y_test = fruit(300, seed=2)
    prepare = Normalise(*channel_stats(raw_train))
    loaders = {
        "train": DataLoader(TensorDataset(prepare(raw_train), y_train), batch_size=40, shuffle=True),
        "test": DataLoader(TensorDataset(prepare(raw_test), y_test), batch_size=150),
    }
    net = FruitNet()
    loss_fn = nn.CrossEntropyLoss()
    opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
    for epoch in range(8):
        train_loss, train_acc = run_epoch(net, loaders["train"], loss_fn, opt)
        test_loss, test_acc = run_epoch(net, loaders["test"], loss_fn)
        print(f"{epoch}  train {train_loss:.3f}/{train_acc:.3f}  test {test_loss:.3f}/{test_acc:.3f}")
